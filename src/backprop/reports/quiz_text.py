"""A quiz as plain text: what stands above, questions, what came of answers, the score."""

from collections.abc import Sequence
from textwrap import wrap

from backprop.numbers import few, shortened
from backprop.quizzes.judging import RIGHT, UNREAD, WRONG
from backprop.quizzes.questions import FORMULA, SUM, Question, line, said
from backprop.quizzes.session import (
    ENDED,
    SECOND,
    SHOWN,
    SKIPPED,
    QuizRound,
    QuizWriter,
    Reply,
    Score,
    Session,
)
from backprop.reports.diagnostics import visible
from backprop.reports.explain.single import answer_line, step_lines
from backprop.reports.style import Style, cells_wide, fitted, written

_WIDE = 78
_INDENT = 4
_GREEN, _RED, _YELLOW, _BOLD, _END = "\x1b[1;32m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[0m"

_MOST_GIVEN = 30
"""The most equations and inputs that stand above the questions, and inputs in a question."""

_ECHOED = 200
"""Characters of an answer that are written again."""


class TextWriter:
    """Lines for a terminal, or for a pipe, in which answers are written again."""

    prompt = "> "

    def __init__(self, style: Style) -> None:
        self._style = style._replace(width=min(style.width or _WIDE, _WIDE))

    def opening(self, session: Session) -> str:
        asked, quiz = session.round, session.round.quiz
        again = f"Round {asked.number}" if asked.number > 1 else ""
        title = ": ".join(filter(None, (again, asked.title)))
        equations = [f"{step.name} = {_right(step.equation)}" for step in quiz.derivation.forward]
        inputs = [_setting(asked, *each) for each in quiz.derivation.given.items()]
        lines = [self._inked(visible(title), _BOLD), ""] if title else []
        for each in _fewer(equations):
            lines += fitted(f"  {each}", self._style, _INDENT)
        lines += self._listed(_fewer(inputs), 2)
        lines += ["", *self._sentence(_how(len(quiz.questions), asked.output, session.end))]
        for each in asked.told:
            lines += self._sentence(f"({each})")
        return self._text(["", *lines] if asked.number > 1 else lines)

    def question(self, session: Session) -> str:
        question = session.question
        assert question
        number = f"{session.at + 1}. "
        lines = fitted(number + question.prompt, self._style, _INDENT)
        lines = [self._inked(each, _BOLD) for each in lines]
        lines += self._listed(_detail(question), len(number))
        return self._text(["", *lines])

    def echoed(self, text: str) -> str:
        """An answer as it stands behind the prompt where no terminal shows it."""
        return self._text([visible(shortened(text, _ECHOED))])

    def reply(self, session: Session, question: Question, reply: Reply) -> str:
        found, verdict = session.round.quiz.derivation, reply.verdict
        if reply.outcome == ENDED:
            return ""
        if reply.outcome == SKIPPED:
            return self._text(["skipped"])
        if reply.outcome == SHOWN:
            return self._text(step_lines(found, question, self._style))
        if reply.outcome == UNREAD:
            return self._text(self._verdict("no answer yet", _YELLOW, verdict.said))
        if reply.outcome in (RIGHT, SECOND):
            return self._text([self._inked("right", _GREEN)])
        lines = self._verdict("not right", _RED, verdict.said)
        lines += self._sentence(verdict.example)
        if reply.done:
            lines += fitted(f"  {answer_line(found, question)}", self._style, _INDENT)
        else:
            lines.append("once more:")
        return self._text(lines)

    def closing(self, score: Score) -> str:
        total = len(score.outcomes)
        if not total:
            return self._text(["", "no question was answered"])
        said = [f"score: {score.count(RIGHT)} of {total} right at once"]
        counts = [(score.count(outcome), words) for outcome, words in _WORDS.items()]
        said += [
            f"{count} {words}" for count, words in (*counts, (score.left, "not answered")) if count
        ]
        lines = ["", *self._sentence(", ".join(said))]
        lead = "to practise: "
        for each in score.practise()[:_PRACTISED]:
            lines += self._sentence(
                f"{lead}{each.rule}, {each.missed} of {each.asked} missed", len(lead)
            )
            lead = " " * len(lead)
        return self._text(lines)

    def _listed(self, texts: Sequence[str], indent: int) -> list[str]:
        """Texts with commas between them, in lines that are broken there, where that is enough."""
        lines = list[str]()
        for at, text in enumerate(texts):
            text += "," * (at + 1 < len(texts))
            wide = self._style.width or _WIDE
            if lines and cells_wide(f"{lines[-1]} {text}") <= wide:
                lines[-1] += f" {text}"
            else:
                lines += fitted(" " * indent + text, self._style, indent + 2)
        return lines

    def _verdict(self, word: str, ink: str, said: str) -> list[str]:
        """`not right: a sign error`, the word in colour, which takes no room."""
        first, *others = self._sentence(f"{word}: {said}" if said else word)
        return [self._inked(word, ink) + first.removeprefix(word), *others]

    def _sentence(self, text: str, indent: int = 0) -> list[str]:
        indented = " " * indent
        return wrap(visible(text), self._style.width or _WIDE, subsequent_indent=indented)

    def _inked(self, text: str, ink: str) -> str:
        return f"{ink}{text}{_END}" if self._style.color else text

    def _text(self, lines: Sequence[str]) -> str:
        return "".join(f"{written(each, self._style)}\n" for each in lines)


_WORDS = {
    SECOND: "at the second try", WRONG: "wrong", SHOWN: "shown", SKIPPED: "skipped",
}  # fmt: skip
"""What is said of outcomes besides right ones."""

_PRACTISED = 3


def _how(count: int, output: str, end: str) -> str:
    """What there is to do."""
    questions = f"{count} questions" if count > 1 else "One question"
    ends = f"{end} ends" if end else "the end of input is the end"
    return f"{questions} about {output}: ? shows the step, an empty line skips, {ends}."


def _detail(question: Question) -> list[str]:
    """What there is to reckon with."""
    if question.part == SUM:
        shares = [said(number, question.digits) for _, number in question.given]
        return [f"the shares are {few(shares, len(shares))}"]
    equation = f"{question.name} = {_right(question.equation)}"
    parts = [equation] if question.prompt != f"{equation} = ?" else []
    settings = [f"{name} = {said(number, question.digits)}" for name, number in question.given]
    given = [] if question.kind == FORMULA else _fewer(settings)
    if given and not parts:
        given = [f"with {given[0]}", *given[1:]]
    return [*parts, *given]


def _right(equation: str) -> str:
    """The right side of an equation as a line."""
    return line(equation) if equation else "…"


def _setting(asked: QuizRound, name: str, number: float) -> str:
    """`b = log(2) − 6 = −5.30685`: an input with its number, and how that is written, if otherwise."""
    text = asked.text_of(name, number)
    return " = ".join(dict.fromkeys((name, *([line(text)] if text else []), said(number))))


def _fewer(texts: Sequence[str]) -> Sequence[str]:
    """The first of many, and how many more there are."""
    rest = len(texts) - _MOST_GIVEN
    return texts if rest <= 0 else [*texts[:_MOST_GIVEN], f"and {rest} more"]


def writer(style: Style) -> QuizWriter:
    """What writes a session."""
    return TextWriter(style)
