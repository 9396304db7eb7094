"""Where the rounds of a session come from: equations that a person gives, or the exercises of the gallery,
one level after the other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import NamedTuple, Protocol, TypeVar

from backprop import gallery
from backprop.errors import BackpropError, BadOption, MissingInputs, TooLarge
from backprop.inputs import Asked
from backprop.language import Model
from backprop.loops.worth import read_model
from backprop.options import MaxNodes, default_of
from backprop.page_content import title_of
from backprop.quizzes.asked_numbers import numbers_of
from backprop.quizzes.questions import KINDS, Quiz, asked
from backprop.quizzes.session import QuizRound
from backprop.quizzes.tidy_inputs import tidy_inputs, tidy_others
from backprop.source import Source

T = TypeVar("T")

MOST = 100
"""Questions of a round."""

_MOST_EQUATIONS = 300
"""Of more the questions are about some, which are chosen at random."""

_SOME = 12
"""So many equations are chosen then."""

MOST_UNROLLED = 200_000
"""Steps up to which indexed equations are unrolled for questions about their members."""

_MOST_STEPS = 400
"""Steps up to which random numbers are looked for that give short ones."""

_AGAIN = "not all of it was right: the same exercise once more, with other numbers"

_TRIES = 200
"""Random points that are tried where none is tidy."""

_DRAWS = 5
"""How often numbers are drawn one by one that no round had before."""


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
        _refuse(given.model)
        moving = {name for name in given.model.inputs if name not in given.model.still}
        if options.rounds and moving <= given.numbers.keys():
            hints = ["leave out what is to be drawn, or leave --rounds out"]
            message = "--rounds draws numbers, and all are given"
            if not moving:
                hints = ["take const away, or leave --rounds out"]
                message = "--rounds draws numbers, and there is no input that is not const"
            raise BadOption(message, hints=hints, where=given.model.source.name)
        self._given, self._options = given, options
        self._output = given.model.output(given.output)
        self._done, self._seen = 0, _Seen()

    def next(self, passed: bool) -> QuizRound | None:
        rounds = self._options.rounds
        if self._done >= max(rounds, 1):
            return None
        self._done += 1
        model, numbers, _ = self._given
        head = self._done, 0, title_of(model.source), model.source.name
        return _round(head, model, numbers, self._output, self._options, bool(rounds), self._seen)


class Levels:
    """The exercises of the gallery from a level on. The next one follows when all questions of one were
    answered, if not at once, then at the second try; else it comes again with other numbers."""

    def __init__(self, level: int, options: QuizOptions) -> None:
        self._options, self._level, self._done = options, level, 0
        self._exercises = exercises()
        self._known, self._seen = "", _Seen()

    def next(self, passed: bool) -> QuizRound | None:
        rounds = self._options.rounds
        self._level += passed and bool(self._done)
        if self._level > len(self._exercises) or (rounds and self._done >= rounds):
            return None
        self._done += 1
        found = self._exercises[self._level - 1]
        again, self._known = self._known == found.name, found.name
        self._seen = self._seen if again else _Seen()
        model = read_model(Source(found.file_name, found.text), 0, default_of(MaxNodes))
        head = self._done, self._level, found.title, found.file_name
        output = model.output(None)
        random = again or bool(rounds)
        asked_round = _round(head, model, {}, output, self._options, random, self._seen)
        told = [_AGAIN, *asked_round.told] if again else asked_round.told
        return asked_round._replace(told=told)


def exercises() -> list[gallery.Example]:
    """The exercises of the gallery, the easy ones first."""
    return [each for each in gallery.examples() if each.name.startswith("exercise_")]


class _Seen:
    """The numbers of the rounds so far, so that each has others."""

    def __init__(self) -> None:
        self._seen = set[tuple[float, ...]]()

    def add(self, model: Model, numbers: Mapping[str, float]) -> bool:
        """Whether these are new."""
        key = (*numbers_of(model, numbers).values(),)
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def __len__(self) -> int:
        return len(self._seen)


def _refuse(model: Model) -> None:
    """Raise TooLarge, BadOption for equations about which nobody can be asked."""
    where = model.source.name
    if model.laid:
        hints = [
            "write a few rows as members: x[1] = 2; x[2] = 3",
            "explain one: backprop explain --row 1",
        ]
        raise BadOption("a quiz asks nothing about tables", hints=hints, where=where)
    if model.loops:
        message = f"these are more steps than the {MOST_UNROLLED:,} that a person is asked about"
        hints = [*fewer_members(model)] or ["take fewer members"]
        raise TooLarge(message, hints=hints, where=where)


def fewer_members(model: Model) -> Iterator[str]:
    """How there would be fewer equations, as a hint, where a number of the file decides that."""
    for name in sorted(model.fixed)[:1]:
        yield f"take fewer members, such as --set {name}=3"


def _refuse_large(model: Model, output: str) -> None:
    """Raise TooLarge for equations for which no random numbers are looked for."""
    steps = len(model.graph(output).steps)
    if steps > _MOST_STEPS:
        message = f"random numbers for {steps:,} steps would not be short ones"
        hints = ["give numbers, and leave --rounds out", *fewer_members(model)]
        raise TooLarge(message, hints=hints, where=model.source.name)


def _round(
    head: tuple[int, int, str, str],
    model: Model,
    numbers: Mapping[str, float],
    output: str,
    options: QuizOptions,
    random: bool,
    seen: _Seen,
) -> QuizRound:
    """A round with its questions. random: whether inputs take random numbers, others than those of `seen`.
    Raises TooLarge, BadOption for questions that are none."""
    number, level, _, where = head
    told, seed = list[str](), f"{options.seed} {number} {level}"
    only = _chosen(model, output, options, Random(f"{seed} names"), told)

    def read(numbers: Mapping[str, float]) -> Quiz:
        return asked(model, numbers, output, options.kinds, only)

    if not random:
        try:
            quiz = read(numbers)
        except MissingInputs as error:
            random = True
            which = (
                "what is not given takes random numbers"
                if numbers
                else "all inputs take random ones"
            )
            told.append(f"{error.message}: {which}, --seed {options.seed}")
        else:
            seen.add(model, numbers)
    if random:
        _refuse_large(model, output)
        numbers = _others(model, output, numbers, seed, seen, told)
        quiz = read(numbers)
    told += quiz.told
    if not quiz.questions:
        hints = [*told, "ask for other things: --ask " + " --ask ".join(KINDS)]
        raise BadOption(f"there is nothing to ask about {output}", hints=hints, where=where)
    if (count := len(quiz.questions)) > MOST:
        kept = {*_some(range(count), MOST, Random(f"{seed} questions"))}
        quiz = quiz._replace(questions=[quiz.questions[at] for at in sorted(kept)])
        told.append(f"these are {MOST} of {count:,} questions, by --seed {options.seed}{_HOW}")
    return QuizRound(*head, model, numbers, output, quiz, told)


_HOW = "; --only NAMES asks about others, --ask for less"


def _chosen(
    model: Model, output: str, options: QuizOptions, random: Random, told: list[str]
) -> Collection[str]:
    """What questions are to be about: names that are asked for, some of very many, or all (none)."""
    if options.only:
        return options.only
    graph = model.graph(output)
    names = [graph.labels[step] for step in graph.steps if step in graph.labels]
    if len(names) <= _MOST_EQUATIONS:
        return ()
    some = _some(names, _SOME, random)
    told.append(
        f"asked about are {_SOME} of {len(names):,} equations, by --seed {options.seed}{_HOW}"
    )
    return some


def _some(all: Sequence[T], count: int, random: Random) -> list[T]:
    """So many of them."""
    keys = [random.random() for _ in all]
    return [all[at] for at in sorted(range(len(all)), key=keys.__getitem__)[:count]]


def _others(
    model: Model,
    output: str,
    given: Mapping[str, float],
    seed: str,
    seen: _Seen,
    told: list[str],
) -> Mapping[str, float]:
    """Random numbers for the inputs that are not given, which no round had before, if there are some."""
    for draw in range(_DRAWS):
        random = Random(f"{seed} {draw}" if draw else seed)
        numbers, short = _drawn(model, output, given, random)
        if seen.add(model, numbers):
            break
    else:
        with suppress(BadOption):  # one more than came before: one of them did not
            for each in tidy_others(model, output, len(seen) + 1, Random(seed), given):
                if seen.add(model, {**each, **given}):
                    return {**each, **given}
        told.append("numbers that did not come before were not found")
    if not short:
        told.append("not all numbers here are short: answers may be rounded to three digits")
    return numbers


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
