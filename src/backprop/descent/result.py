"""What comes out of a descent, and the state with which it can be continued."""

from __future__ import annotations

import json
import os
from array import array
from dataclasses import asdict, dataclass, field
from math import inf
from sys import float_info
from typing import Any

from backprop.descent.course import FAILURES
from backprop.descent.history import Best, History
from backprop.errors import BackpropError, UnexpectedText
from backprop.files import read_source
from backprop.numbers import beyond_doubles
from backprop.showing import Shown

STATE_SCHEMA = 1

_ROUNDED = 64 * float_info.epsilon
"""How far rounding may move a sum of a few dozen terms, relative to it."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a descent stands: everything that the next one needs to go on as if it were the same.

    optimizer: its name. steps: taken so far. updates: since the optimizer's memory began (a line
    search may begin it anew). searched: the step size that a line search tries next. parameters:
    by name. memory: for each name of the optimizer's state its number for each parameter.
    """

    optimizer: str
    steps: int
    parameters: dict[str, float] = field(repr=False)
    updates: int = 0
    searched: float | None = None
    memory: dict[str, dict[str, float]] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """As plain data, which `from_json` reads."""
        return {"schema": STATE_SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, found: Any) -> State:
        """The State of such data. Raises ValueError, which says what is wrong."""
        if not isinstance(found, dict) or found.get("schema") != STATE_SCHEMA:
            raise ValueError("it is no state of a descent")
        try:
            steps, updates, searched = found["steps"], found["updates"], found["searched"]
            if not all(type(count) is int and 0 <= count < 2**53 for count in (steps, updates)):
                raise ValueError(found)
            if searched is not None and not 0 < (searched := float(searched)) < inf:
                raise ValueError(found)
            parameters = _numbers(found["parameters"])
            memory = {name: _numbers(column) for name, column in found["memory"].items()}
            return cls(str(found["optimizer"]), steps, parameters, updates, searched, memory)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ValueError("it is no whole state of a descent") from None


def read_state(path: str) -> State | None:
    """The state of a descent that a file holds; None where there is no file yet. Raises CannotRead
    and UnexpectedText."""
    if not os.path.exists(path):
        return None
    source = read_source(path)
    try:
        return State.from_json(json.loads(source.text, parse_float=_double))
    except (ValueError, RecursionError) as error:
        known = not isinstance(error, (json.JSONDecodeError, RecursionError))
        reason = str(error) if known else "this is no JSON"
        message = f"{path} does not hold the state of a descent: {reason}"
        hints = ["name a file that --state wrote, or one that does not exist yet"]
        raise UnexpectedText(message, hints=hints, where=path) from None


def _double(text: str) -> float:
    """A number of JSON. Raises ValueError for one that no double can hold."""
    number = float(text)
    if beyond_doubles(text, number)[0]:
        raise ValueError(f"{text} is beyond the range of doubles")
    return number


def _numbers(found: dict[str, Any]) -> dict[str, float]:
    """Numbers by name; infinite ones are texts in JSON."""
    numbers = {str(name): float(number) for name, number in found.items()}
    if any(number != number for number in numbers.values()):
        raise ValueError(found)
    return numbers


@dataclass(frozen=True, slots=True)
class StartsEnd:
    """Where some of several starts ended: how many, the output (None: they had no value), why, and the
    parameters of the first."""

    count: int
    value: float | None
    stopped: str
    parameters: dict[str, float] = field(repr=False)


@dataclass(frozen=True, slots=True)
class EpochCourse:
    """The course of a descent by minibatches.

    epochs: of this run. rows: of the table. batch: rows of an update. batches: of an epoch. updates: of this
    run. shuffled: whether each epoch had an order of its own. validated: the output of the rows of
    `validate`, at the start and after each epoch. kept: the epoch whose parameters are those of the
    result, None for the last. window: up to so many rows are shuffled together, None for
    all.
    """

    epochs: int
    rows: int
    batch: int
    batches: int
    updates: int
    shuffled: bool
    validated: tuple[float, ...] = ()
    kept: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Descent(Shown):
    """The result of `Model.descend`.

    output: its name. value, parameters, gradients: at the last step, with finite numbers in every
    case. start_value, start, start_gradients: before the first. steps: taken in this run. stopped:
    why, in a word or few (`course.ENDINGS`; it converged at a minimum or maximum of any kind, and at
    `target`, `change` and `gradient`, which a person asked for); reason: in a sentence. best: the
    lowest output of the run (the highest, when maximising). values: the output at every step, the start
    first; of a run of over 65,536 steps at every second, fourth, … (`values_every`), and at the
    last. history: what was asked to be kept. gradient_norm: at the last step, without what pushes
    against a bound. explained: lines that explain one update. error: what had no finite value, where
    it diverged, or that there was not enough memory. state: to go on from. ends: of several
    starts, the best first.
    """

    output: str
    value: float
    parameters: dict[str, float]
    gradients: dict[str, float]
    start_value: float
    start: dict[str, float]
    start_gradients: dict[str, float]
    steps: int
    stopped: str
    reason: str
    converged: bool
    best: Best
    optimizer: str
    maximize: bool
    bounds: dict[str, tuple[float, float]]
    gradient_norm: float
    evaluations: int
    values: array[float]
    values_every: int
    history: History
    state: State
    explained: tuple[str, ...] = ()
    error: BackpropError | None = None
    warnings: tuple[BackpropError, ...] = ()
    ends: tuple[StartsEnd, ...] = ()
    epochs: EpochCourse | None = None

    @property
    def best_was_better(self) -> bool:
        """Whether the best step was lower than the last one (higher, when maximising), not only rounded."""
        apart = abs(self.best.value - self.value)
        return apart > _ROUNDED * max(abs(self.value), abs(self.best.value))

    @property
    def failed(self) -> bool:
        """Whether the last numbers are no result: the output has no end, or no value a step further."""
        return self.stopped in FAILURES

    def __repr__(self) -> str:
        """The output before and after, and why it stopped: a million values are no repr."""
        return (
            f"Descent({self.output}: {self.start_value!r} -> {self.value!r} in {self.steps}"
            f" steps of {self.optimizer}; {self.reason})"
        )
