"""A session: rounds of questions, what comes of each line that is typed, and the score."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from backprop.language import Model
from backprop.quizzes.judging import RIGHT, UNREAD, WRONG, Verdict, judged
from backprop.quizzes.questions import Question, Quiz, reckoned

SECOND, SHOWN, SKIPPED, ENDED = "second try", "shown", "skipped", "ended"
"""What else comes of a question, or of a line, besides being right, wrong or unread."""

OUTCOMES = RIGHT, SECOND, WRONG, SHOWN, SKIPPED
"""What a question can end with."""

TRIES = 2

SHOW, SKIP, QUIT = ("?", "？"), ("skip",), ("q", "quit", "exit")
"""What is typed to see the step, to skip a question, and to end. A name of the equations is itself."""


class QuizRound(NamedTuple):
    """The questions about one output at one point.

    number: of the round. level: of the exercise, 0 where it is none. title: in words. where: the file.
    told: sentences on its numbers, and on what is not asked.
    """

    number: int
    level: int
    title: str
    where: str
    model: Model
    numbers: Mapping[str, float]
    output: str
    quiz: Quiz
    told: Sequence[str] = ()

    def text_of(self, name: str, number: float) -> str:
        """What is written for an input, `log(2) - 6`, where that says more than its digits; or ""."""
        text = getattr(self.numbers.get(name), "text", "") or self.model.instance_of(name)
        with suppress(ValueError):
            float(text)
            return ""
        return text if text and reckoned(text, {}) == number else ""


class Reply(NamedTuple):
    """What came of a line. outcome: one of OUTCOMES, UNREAD or ENDED; wrong at the first try is WRONG and
    not done. number: of the question. attempt: the how many-th answer to it this was."""

    outcome: str
    number: int
    text: str
    attempt: int
    done: bool
    verdict: Verdict = Verdict(UNREAD)


class Practice(NamedTuple):
    """A rule: how many questions that take it, skipped ones apart, were not right at the first try."""

    rule: str
    missed: int
    asked: int


class Score:
    """What came of the questions so far, in order."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[Question, str]] = []
        self.left = 0
        """Questions of the last round that were not answered, nor skipped."""

    def count(self, outcome: str) -> int:
        """How many questions ended so."""
        return sum(each == outcome for _, each in self.outcomes)

    def practise(self) -> list[Practice]:
        """What was missed, most first; of what was missed equally often that which was asked less."""
        asked, missed = Counter[str](), Counter[str]()
        for question, outcome in self.outcomes:
            for rule in question.rules if outcome != SKIPPED else ():
                asked[rule] += 1
                missed[rule] += outcome != RIGHT
        found = [Practice(rule, count, asked[rule]) for rule, count in missed.items() if count]
        return sorted(found, key=lambda each: (-each.missed, each.asked))


class Session:
    """The questions of one round, one after the other."""

    def __init__(self, asked: QuizRound, score: Score) -> None:
        self.round, self.score = asked, score
        self.at = 0
        self.passed = True
        """Whether all that was asked so far was right, if not at once, then at the second try."""
        self._attempt = 1
        score.left = len(asked.quiz.questions)

    @property
    def question(self) -> Question | None:
        """The one that is asked now; None at the end."""
        questions = self.round.quiz.questions
        return questions[self.at] if self.at < len(questions) else None

    @property
    def end(self) -> str:
        """The word that ends the session: `q` where that is no name; "" if there is none."""
        return next(iter(self._words(QUIT)), "")

    def _words(self, words: Sequence[str]) -> list[str]:
        return [word for word in words if word not in self.round.model.names]

    def reply(self, line: str) -> Reply:
        """What comes of a line that was typed."""
        text, attempt, question = line.strip(), self._attempt, self.question
        assert question
        word, number = text.lower(), self.at + 1
        if word in self._words(QUIT):
            return Reply(ENDED, number, text, attempt, True)
        if text in SHOW:
            return self._done(question, Reply(SHOWN, number, text, attempt, True))
        if not text or word in self._words(SKIP):
            return self._done(question, Reply(SKIPPED, number, text, attempt, True))
        asked = self.round
        verdict = judged(question, text, asked.model, asked.numbers, asked.output)
        if verdict.outcome == UNREAD:
            return Reply(UNREAD, number, text, attempt, False, verdict)
        self._attempt += 1
        if verdict.outcome == RIGHT:
            outcome = RIGHT if attempt == 1 else SECOND
            return self._done(question, Reply(outcome, number, text, attempt, True, verdict))
        reply = Reply(WRONG, number, text, attempt, attempt == TRIES, verdict)
        return self._done(question, reply) if reply.done else reply

    def stop(self) -> None:
        """End here: what was wrong once, and is not mended, is wrong."""
        if (question := self.question) and self._attempt > 1:
            self._done(question, Reply(WRONG, self.at + 1, "", self._attempt, True))

    def _done(self, question: Question, reply: Reply) -> Reply:
        self.score.outcomes.append((question, reply.outcome))
        self.score.left -= 1
        self.passed = self.passed and reply.outcome in (RIGHT, SECOND)
        self.at, self._attempt = self.at + 1, 1
        return reply


class QuizWriter(Protocol):
    """How a session is written, in one format; each text is whole lines. prompt: what stands in front of an
    answer, "" where nothing is written there."""

    @property
    def prompt(self) -> str: ...

    def opening(self, session: Session) -> str:
        """What stands above the questions of a round."""
        ...

    def question(self, session: Session) -> str:
        """The question that is asked now."""
        ...

    def echoed(self, text: str) -> str:
        """An answer where nobody sees it being typed, behind the prompt."""
        ...

    def reply(self, session: Session, question: Question, reply: Reply) -> str:
        """What came of a line."""
        ...

    def closing(self, score: Score) -> str:
        """The score."""
        ...
