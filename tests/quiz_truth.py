"""What is right in a quiz, from mpmath alone: equations as Python with 50 digits, derivatives by differences."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mpmath import mp, mpf

from backprop.quizzes.questions import FORWARD, Question

FUNCTIONS = {
    **{name: getattr(mp, name) for name in "exp log sin cos tanh sqrt sech cosh sinh".split()},
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "relu": lambda x: x if x > 0 else mpf(0),
}


class Equations(NamedTuple):
    """Equations as texts in order, and inputs."""

    equations: Mapping[str, str]
    inputs: Mapping[str, str]

    @property
    def text(self) -> str:
        both = {**self.equations, **self.inputs}
        return "; ".join(f"{name} = {right}" for name, right in both.items())


def evaluated(text: str, known: Mapping[str, Any]) -> Any:
    """A formula with 50 digits."""
    python = re.sub(r"(?<![\w.])(\d+\.?\d*)(?![\w.])", r"mpf('\1')", text.replace("^", "**"))
    return eval(python, {"mpf": mpf, **FUNCTIONS}, dict(known))


def values(found: Equations, instead: Mapping[str, Any] = {}) -> dict[str, Any]:
    """All numbers; those that stand in `instead` are given."""
    known = {name: evaluated(text, {}) for name, text in found.inputs.items()} | {**instead}
    for name, text in found.equations.items():
        if name not in instead:
            known[name] = evaluated(text, known)
    return known


def truth(question: Question, found: Equations, output: str) -> Any:
    """What is right."""
    known = values(found)
    if question.kind == FORWARD:
        return known[question.of]

    def local(by: str) -> Any:
        def alone(x: Any) -> Any:
            return evaluated(found.equations[question.name], {**known, by: x})

        return slope(alone, known[by])

    def total(by: str) -> Any:
        return slope(lambda x: values(found, {by: x})[output], known[by])

    if question.part == "sum" or (question.of == output and not question.part):
        return (
            total(question.by) if question.name != output or question.part else local(question.by)
        )
    if question.of == question.name:
        return local(question.by)
    return total(question.name) * local(question.by)


def slope(function: Callable[[Any], Any], x: Any) -> Any:
    """A derivative to some 30 digits, by central differences of 100 digits."""
    with mp.workdps(100):
        step = mpf(10) ** -30 * max(abs(x), mpf(10) ** -3)
        return (function(x + step) - function(x - step)) / (2 * step)


LEAVES = "abcd"


def drawn(seed: int) -> Equations:
    """Random equations, in which names are used once or several times, at numbers of few digits."""
    pick = random.Random(seed)
    inputs = {
        name: f"{pick.choice((-1, 1)) * pick.randint(2, 30) / pick.choice((1, 1, 2, 10)):g}"
        for name in LEAVES[: pick.randint(2, 4)]
    }
    equations: dict[str, str] = {}
    names = [*inputs]
    unused = [*inputs]
    for at in range(pick.randint(2, 5)):
        some = [pick.choice(unused or names), pick.choice(names)]
        pattern = pick.choice(
            (
                "{}*{}",
                "{} + {}",
                "{} - 3*{}",
                "{}/(1 + {}^2)",
                "{}^2 + {}",
                "tanh({}/20)*{}",
                "2*{}*{}^2",
                "sigmoid({}/10) + {}",
                "({} + 2*{})^2",
                "sin({}) - {}",
                "relu({})*{}",
                "exp({}/50)*{}",
                "-{} + {}/7",
                "{}^3/{}",
            )
        )
        name = f"u{at}"
        equations[name] = pattern.format(*some)
        unused = [each for each in unused if each not in some]
        names.append(name)
        unused.append(name)
    ends = unused if len(unused) > 1 else [*unused, names[0]]
    equations["L"] = pick.choice((" + ", "*")).join(ends)
    return Equations(equations, inputs)
