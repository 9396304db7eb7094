"""Random models on zeros, poles, corners, borders, under- and overflow, against one-sided slopes.

No gradient may differ from the slopes on both sides without a warning or a note that names it. A
failure says the number of its model, `odd_models.random_model(number)`, and the smallest model that
fails as well. With `--whole` there are 20,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from math import inf, isfinite, nan, sin, sqrt
from typing import Any

import pytest

import backprop
from backprop.errors import AtBorder, BackpropError
from backprop.evaluation.gradient import evaluate
from odd_models import NEWER, Model, Tree, random_model, shrunk, written
from one_sided import Sides, Unknown, same
from rounded_chain import is_rounding
from sizes import size

GROUPS = 20
_COMPILED = 10
"""One in so many models goes through machine code, too."""


@pytest.fixture
def models(request: pytest.FixtureRequest) -> int:
    """How many models there are in a group."""
    return 1000 if request.config.getoption("--whole") else 30


class Judge:
    """One model: what its gradients may be. found: what `Model.grad` says."""

    def __init__(self, model: Model, found: Any) -> None:
        self.found, self._model = found, model
        defaults = [name for name, tree in model.equations if not _names(tree) & {*"abcuvw"}]
        self._sides = Sides(model, {name: found.data[name] for name in defaults if found})
        self._judged: dict[tuple[str, float], bool] = {}
        self._names = {name: set(_names(tree)) for name, tree in model.equations}

    def is_told(self, name: str) -> bool:
        """Whether a note on a border names this, or a warning is about a text that depends on it."""
        about = {name}
        for each, inside in self._names.items():
            if not about.isdisjoint(inside):
                about.add(each)
        if any(name in note.leads for note in self.found.notes if isinstance(note, AtBorder)):
            return True
        if any("by rounding at" in each.message for each in self.found.warnings):
            return True  # of a choice, on which all that leads to the output may depend
        warned = [[label.span.text for label in each.labels] for each in self.found.warnings]
        return any(not texts or not about.isdisjoint(_words(" ".join(texts))) for texts in warned)

    def is_slope(self, name: str, gradient: float) -> bool:
        """Whether a gradient is the slope from one side. Raises Unknown where mpmath cannot tell."""
        if (name, gradient) not in self._judged:
            self._judged[name, gradient] = self._is_slope(name, gradient)
        return self._judged[name, gradient]

    def _is_slope(self, name: str, gradient: float) -> bool:
        if not self._sides.has_value("y") or self._sides.is_blurred(name):
            raise Unknown("a value in doubles only")
        if not isfinite(gradient):
            return False
        if not self._sides.has_value(name):
            return gradient == 0
        if gradient and any(same(gradient, slope) for slope in self._sides.near(name)):
            return True  # a 0 may be what was lost in a quick look
        sides = self._sides.sides(name)
        if any(same(gradient, side.slope) for side in sides):
            return True
        kinds = {side.kind for side in sides}
        if "unclear" in kinds or kinds == {"none"}:
            return True  # there is nothing to compare with
        return any(
            same(gradient, slope)
            for slope in (*self._sides.nearest(name), self._sides.smooth(name))
        )

    def is_allowed(self, name: str, gradient: float, silent: bool = False) -> bool:
        """Whether this may be the gradient: what `grad` says, with a warning or a note; no number,
        with a warning; the slope. silent: from what can say nothing, and has no digits but those of
        doubles: then it may be what is left of the slope by rounding, too."""
        if self.is_told(name) and (
            not isfinite(gradient) or same(gradient, self.found.gradients[name])
        ):
            return True
        if not isfinite(gradient) and any(name in note.leads for note in self.found.notes):
            return True  # a number beyond doubles
        if self.is_slope(name, gradient) or (gradient == 0 and self._is_told_corner(name)):
            return True
        return silent and (
            same(gradient, self._in_doubles.get(name, nan))
            or is_rounding(self._sides, name, gradient)
        )

    def _is_told_corner(self, name: str) -> bool:
        """Whether there is a corner like that of abs, and a note says that doubles are beside it."""
        left, right = self._sides.sides(name)
        kinds = left.kind, right.kind
        around = kinds == ("slope", "slope") and left.slope * right.slope < 0
        return around and any(name in note.leads for note in self.found.notes)

    @cached_property
    def _in_doubles(self) -> dict[str, float]:
        """The gradients that `grad` computed again, as doubles have them."""
        parsed = backprop.parse(self._model.text)
        plain = evaluate(parsed, self._model.values, "y", restores=False).gradient.gradients
        known = self.found.gradients
        return {name: plain[name] for name in plain if not same(plain[name], known[name])}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _names(tree: Any) -> set[str]:
    return _words(written(tree))


def wrong(model: Model, compiled: bool = False) -> str | None:
    """What is wrong with the gradients of a model; "" if nothing is, None if that cannot be told: it has
    no value, or mpmath does not know. compiled: machine code is tried, too."""
    if not _names(model.equations[-1][1]) & {*"abcuvw"}:
        return None  # a number
    try:
        parsed = backprop.parse(model.text)
        found = parsed.grad(model.values, of="y")
    except BackpropError:
        return None
    try:
        judge = Judge(model, found)
        for name, gradient in found.gradients.items():
            if not judge.is_allowed(name, gradient):
                return f"by {name}: {gradient!r}"
        for channel, name, gradient in _silent(found, parsed, compiled):
            if not judge.is_allowed(name, gradient, silent=True):
                return f"{channel}, by {name}: {gradient!r}"
    except Unknown:
        return None
    return ""


def _silent(found: Any, parsed: Any, compiled: bool) -> Iterator[tuple[str, str, float]]:
    """The gradients of what has no channel for warnings."""
    parsed.values["y"].backward()
    for name in parsed.values:
        yield "Value.backward()", name, parsed.values[name].grad
    for engine in ("python", "native") if compiled else ("python",):
        program = backprop.compile(parsed, of="y", engine=engine)
        _, gradient = program([found.data[name] for name in program.inputs])
        for name, slope in zip(program.inputs, gradient.tolist(), strict=True):
            yield f"compiled, {engine}", name, slope


@pytest.mark.parametrize("first", [0, NEWER])
@pytest.mark.parametrize("group", range(GROUPS))
def test_no_gradient_is_wrong_without_a_word(group: int, first: int, models: int) -> None:
    wrongs, judged = [], 0
    for number in range(first + group * models, first + (group + 1) * models):
        model, compiled = random_model(number), number % _COMPILED == 0
        found = wrong(model, compiled)
        judged += found is not None
        if found:
            small = shrunk(model, lambda each: bool(wrong(each, True)))
            wrongs.append(f"{number}: {small}: {wrong(small, True)}")
    assert not wrongs, "\n".join(wrongs)
    assert judged > models / 5  # two in five of the newer ones are, two in three of the others


@pytest.mark.parametrize(
    ("tree", "at", "slope", "others"),
    [
        (("sqrt", ("+", ("^", "a", 2.0), ("^", ("*", 1e-300, 1e-300), 2.0))), 0.0, 0.0, (0.5, 2.0)),
        (("^", ("sqrt", "a"), 2.0), 0.0, 1.0, (0.0, 1 + 1e-8, inf, nan)),
        (("abs", "a"), 0.0, -1.0, (0.0, 0.5)),
        (("abs", "a"), 0.0, 1.0, (0.0, 0.5)),
        (("*", 1e-200, ("*", 1e-200, ("*", 1e200, "a"))), 1.0, 1e-200, (0.0, 1.00000001e-200)),
        (("max", 1.0, ("exp", "a")), 1e-160, 1.0, (0.0,)),
        (("sqrt", ("^", "a", 3.0)), 1e-300, 1.5e-150, (0.0, 1e-150)),
        (("hypot", "a", "a"), 5e-324, sqrt(2), (2.0, 0.0)),
        (("*", ("sin", 1e22), "a"), 0.0, sin(1e22), (0.0, -sin(1e22))),
        (("exp", ("cos", ("^", 1e-200, "a"))), 1.0, 0.0, (1e-300,)),
        (("asin", ("exp", ("neg", ("^", "a", 2.0)))), -1e-300, sqrt(2), (0.0, -sqrt(2), inf)),
    ],
)
def test_what_is_no_slope_is_noticed(
    tree: Tree, at: float, slope: float, others: Sequence[float]
) -> None:
    model = Model((("y", tree),), {"a": at})
    judge = Judge(model, None)
    assert judge.is_slope("a", slope)
    assert not any(judge.is_slope("a", other) for other in others)


def test_most_models_have_a_value_and_many_sit_on_odd_points() -> None:
    """Otherwise the test above would say little."""
    valued = told = 0
    models = size(400, 1000)
    for number in range(models):
        model = random_model(number)
        try:
            found = backprop.parse(model.text).grad(model.values, of="y")
        except BackpropError:
            continue
        valued += 1
        told += bool(found.warnings or found.notes)
    assert valued > 0.4 * models
    assert told > 0.1 * models
