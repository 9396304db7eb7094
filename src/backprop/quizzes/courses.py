"""Where the rounds of a session come from: equations that a person gives, or the exercises of the gallery,
one level after the other."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import NamedTuple, Protocol

from backprop import gallery
from backprop.errors import BackpropError, BadOption, MissingInputs, TooLarge
from backprop.inputs import Asked
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.options import MaxNodes, default_of
from backprop.quizzes.questions import KINDS, Quiz, asked
from backprop.quizzes.session import QuizRound
from backprop.quizzes.tidy_inputs import tidy_inputs
from backprop.source import Source

MOST = 100
"""Questions of a round."""

_MOST_EQUATIONS = 300

_MOST_STEPS = 400
"""Steps up to which random numbers are looked for that give short ones."""

_AGAIN = "not all of it was right: the same exercise once more, with other numbers"

_TRIES = 200
"""Random points that are tried where none is tidy."""


class QuizOptions(NamedTuple):
    """What is asked. kinds: of questions. only: names that they are about, if not all. rounds: how many,
    each with random numbers; 0: one with those of the file, or exercises as long as there are some. seed:
    of these numbers."""

    kinds: Collection[str] = KINDS
    only: Sequence[str] = ()
    rounds: int = 0
    seed: int = 0


class Rounds(Protocol):
    """Gives round after round."""

    def next(self, passed: bool) -> QuizRound | None:
        """The next round; None at the end. passed: whether all of the one before was answered."""


class OneFile:
    """Rounds about the equations of a person."""

    def __init__(self, given: Asked, options: QuizOptions) -> None:
        _refuse(given.model, options)
        moving = {name for name in given.model.inputs if name not in given.model.still}
        if options.rounds and moving and moving <= given.numbers.keys():
            hints = ["leave out what is to be drawn, or leave --rounds out"]
            raise BadOption("--rounds draws numbers, and all are given", hints=hints)
        self._given, self._options = given, options
        self._output = given.model.output(given.output)
        self._done = 0

    def next(self, passed: bool) -> QuizRound | None:
        rounds = self._options.rounds
        if self._done >= max(rounds, 1):
            return None
        self._done += 1
        model, numbers, _ = self._given
        first = model.source.text.partition("\n")[0].strip()
        name = model.source.name
        title = first.lstrip("# ").rstrip() if first.startswith("#") else ""
        title = title or ("" if name.startswith("<") else name)
        head = self._done, 0, title, name
        return _round(head, model, numbers, self._output, self._options, bool(rounds))


class Levels:
    """The exercises of the gallery from a level on. The next one follows when all questions of one were
    answered, if not at once, then at the second try; else it comes again with other numbers."""

    def __init__(self, level: int, options: QuizOptions) -> None:
        self._options, self._level, self._done = options, level, 0
        self._exercises = exercises()
        self._known = ""

    def next(self, passed: bool) -> QuizRound | None:
        rounds = self._options.rounds
        self._level += passed and bool(self._done)
        if self._level > len(self._exercises) or (rounds and self._done >= rounds):
            return None
        self._done += 1
        found = self._exercises[self._level - 1]
        again, self._known = self._known == found.name, found.name
        model = read_model(Source(found.file_name, found.text), 0, default_of(MaxNodes))
        head = self._done, self._level, found.title, found.file_name
        output = model.output(None)
        asked_round = _round(head, model, {}, output, self._options, again or bool(rounds))
        told = [_AGAIN, *asked_round.told] if again else asked_round.told
        return asked_round._replace(told=told)


def exercises() -> list[gallery.Example]:
    """The exercises of the gallery, the easy ones first."""
    return [each for each in gallery.examples() if each.name.startswith("exercise_")]


def _refuse(model: Model, options: QuizOptions) -> None:
    """Raise TooLarge, BadOption for equations about which nobody can be asked."""
    where = model.source.name
    if model.laid:
        hints = [
            "write a few rows as members: x[1] = 2; x[2] = 3",
            "explain one: backprop explain --row 1",
        ]
        raise BadOption("a quiz asks nothing about tables", hints=hints, where=where)
    count = sum(map(model.is_equation, model.names)) if not model.loops else 0
    if model.loops or (count > _MOST_EQUATIONS and not options.only):
        message = "these are more equations than a person answers questions about"
        hints = ["take fewer members, such as --set n=3"]
        if not model.loops:
            message = f"{count:,} equations are more than a person answers questions about"
            hints.insert(0, "ask about some: --only NAMES")
        raise TooLarge(message, hints=hints, where=where)


def _refuse_large(model: Model, output: str) -> None:
    """Raise TooLarge for equations for which no random numbers are looked for."""
    steps = len(model.graph(output).steps)
    if steps > _MOST_STEPS:
        message = f"random numbers for {steps:,} steps would not be short ones"
        hints = ["give numbers, and leave --rounds out", "take fewer members, such as --set n=3"]
        raise TooLarge(message, hints=hints, where=model.source.name)


def _round(
    head: tuple[int, int, str, str],
    model: Model,
    numbers: Mapping[str, float],
    output: str,
    options: QuizOptions,
    random: bool,
) -> QuizRound:
    """A round with its questions. random: whether inputs take random numbers. Raises TooLarge, BadOption
    for questions that are too many or none."""
    number, level, _, where = head
    told = list[str]()

    def read(numbers: Mapping[str, float]) -> Quiz:
        return asked(model, numbers, output, options.kinds, options.only)

    if not random:
        try:
            quiz = read(numbers)
        except MissingInputs as error:
            random = True
            told.append(f"{error.message}: all inputs take random ones, --seed {options.seed}")
    if random:
        _refuse_large(model, output)
        draws = Random(f"{options.seed} {number} {level}")
        numbers, short = _drawn(model, output, numbers, draws)
        told += (
            []
            if short
            else ["not all numbers here are short: answers may be rounded to three digits"]
        )
        quiz = read(numbers)
    told += quiz.told
    if len(quiz.questions) > MOST:
        message = f"{len(quiz.questions):,} questions are more than a person answers at once"
        hints = ["ask for less: --ask backward", f"ask about some: --only {_some(quiz)}"]
        raise TooLarge(message, hints=hints, where=where)
    if not quiz.questions:
        hints = [*told, "ask for other things: --ask " + " --ask ".join(KINDS)]
        raise BadOption(f"there is nothing to ask about {output}", hints=hints, where=where)
    return QuizRound(*head, model, numbers, output, quiz, told)


def _some(quiz: Quiz) -> str:
    return quiz.questions[0].name


def _drawn(
    model: Model, output: str, given: Mapping[str, float], random: Random
) -> tuple[dict[str, float], bool]:
    """Random numbers for the inputs, but those that are given, and whether all is short there."""
    try:
        return {**tidy_inputs(model, output, random, kept=given), **given}, True
    except BadOption as error:
        moving = [name for name in model.inputs if name not in model.still and name not in given]
        for _ in range(_TRIES):
            numbers = {name: random.choice(_whole(model, name)) for name in moving}
            with suppress(BackpropError):
                asked(model, {**numbers, **given}, output)
                return {**numbers, **given}, False
        raise error


def _whole(model: Model, name: str) -> Sequence[float]:
    """Whole numbers that an input may take."""
    low, high = model.bounds.get(name, (-9.0, 9.0))
    return [float(each) for each in range(-9, 10) if each and low <= each <= high] or [
        model.default(name)
    ]
