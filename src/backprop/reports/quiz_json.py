"""A quiz as JSON: an object a line, for programs that put the questions to somebody else."""

from typing import Any

from backprop.quizzes.questions import FORMULA, FORWARD, Question
from backprop.quizzes.session import ENDED, OUTCOMES, QuizWriter, Reply, Score, Session
from backprop.report import SCHEMA
from backprop.reports.explain.single import answer_line
from backprop.reports.json_lines import line
from backprop.reports.style import Style


class JsonWriter:
    """An object a line: round, question, verdict, score. What is right stands in the last verdict on a
    question alone."""

    prompt = ""

    def __init__(self, style: Style) -> None:
        self._style = style

    def opening(self, session: Session) -> str:
        asked, quiz = session.round, session.round.quiz
        inputs = quiz.derivation.given.items()
        texts = {name: text for name, number in inputs if (text := asked.text_of(name, number))}
        return self._line(
            event="round", schema=SCHEMA, round=asked.number, level=asked.level or None,
            title=asked.title, file=asked.where, output=asked.output,
            inputs=dict(quiz.derivation.given), texts=texts,
            equations={step.name: step.equation or None for step in quiz.derivation.forward},
            questions=len(quiz.questions), told=asked.told,
        )  # fmt: skip

    def question(self, session: Session) -> str:
        question = session.question
        assert question
        given = [{"name": name, "value": value} for name, value in question.given]
        return self._line(
            event="question", round=session.round.number, question=session.at + 1,
            kind=question.kind, of=question.of, by=question.by or None, part=question.part or None,
            prompt=question.prompt, name=question.name, equation=question.equation or None,
            given=given, step=question.step,
        )  # fmt: skip

    def echoed(self, text: str) -> str:
        return ""

    def reply(self, session: Session, question: Question, reply: Reply) -> str:
        if reply.outcome == ENDED:
            return ""
        verdict = reply.verdict
        right = dict[str, Any].fromkeys(("right", "formula", "line", "rules"))
        if reply.done:
            formula = question.formula if question.kind != FORWARD else ""
            right = {
                "right": question.answer if question.kind != FORMULA else None,
                "formula": formula or None,
                "line": answer_line(session.round.quiz.derivation, question),
                "rules": [*question.rules],
            }
        return self._line(
            event="verdict", round=session.round.number, question=reply.number, answer=reply.text,
            attempt=reply.attempt, outcome=reply.outcome, done=reply.done,
            mistake=verdict.mistake or None, said=verdict.said or None,
            example=verdict.example or None, **right,
        )  # fmt: skip

    def closing(self, score: Score) -> str:
        practise = [each._asdict() for each in score.practise()]
        counts = {outcome.replace(" ", "_"): score.count(outcome) for outcome in OUTCOMES}
        return self._line(event="score", **counts, left=score.left, practise=practise)

    def _line(self, **found: Any) -> str:
        return line(found, self._style) + "\n"


def writer(style: Style) -> QuizWriter:
    """What writes a session."""
    return JsonWriter(style)
