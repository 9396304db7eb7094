"""What `backprop fit` has to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import floor, isfinite, isnan, log10, nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backprop.errors import BackpropError
from backprop.fit.found_fit import FoundFit, errors_of
from backprop.fit.robust import Robust
from backprop.fit.statistics import Statistics
from backprop.language.declarations import Bounds, written_bounds
from backprop.numbers import fixed, shown
from backprop.report import SCHEMA, Column, Table
from backprop.report.matrix import counted
from backprop.showing import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLD = 0.5
"""Correlations from this size on are told."""

_DIGITS = 6
"""Of numbers in sentences."""

_MOST = 10
"""The most correlations that a report has of itself."""


class _FitReport(NamedTuple):
    found: FoundFit
    output: str
    models: Sequence[str] = ()
    bounds: Mapping[str, Bounds] = MappingProxyType({})
    frozen: Mapping[str, float] = MappingProxyType({})
    inputs: Mapping[str, float] = MappingProxyType({})
    weights: str = ""
    told: Sequence[BackpropError] = ()
    every: bool = False
    mean: bool = False
    level: float = 0.95
    declared: Mapping[str, Any] = MappingProxyType({})

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} = {both}" for name, both in _written(self.found).items())
        return f"Fit({numbers})"


class FitReport(Shown, _FitReport):
    """The result of `Model.fit`, and what `backprop fit` has to say.

    output: what was made least. models: the statements that were fitted. bounds: of parameters. frozen: those
    that were held. inputs: the numbers of all inputs at the end. weights: how much a row counts, in
    words. every: whether all correlations are told. mean: whether the output is the mean of squares.
    """

    @property
    def parameters(self) -> dict[str, float]:
        """Their numbers by name."""
        return dict(zip(self.found.names, self.found.x.tolist(), strict=True))

    @property
    def errors(self) -> dict[str, float]:
        """Their standard errors by name, nan of those that have none."""
        return errors_of(self.found)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Of the parameters: float64, shape (P, P), nan where there is none."""
        return self.found.statistics.covariance

    @property
    def correlations(self) -> NDArray[np.float64]:
        """Of the parameters: float64, shape (P, P)."""
        return self.found.statistics.correlations

    @property
    def value(self) -> float:
        """The sum of the squares of all (weighted) residuals, their mean, or the logarithm of a likelihood:
        the output."""
        squares = self.found.solved.point.squares
        if self.found.likelihood:
            return squares / self.found.likelihood.times
        return squares / self.found.statistics.rows if self.mean else squares

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The ends of their intervals by name, where these were asked for; infinite where there is none."""
        ends = ((each.low, each.high) for each in self.found.intervals)
        return dict(zip(self.found.names, ends, strict=False))

    @property
    def converged(self) -> bool:
        return self.found.converged

    @property
    def verdicts(self) -> Sequence[str]:
        """What there is to say, a sentence each."""
        return self.found.verdicts

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return self.told

    def table(self) -> Table:
        """A row a parameter."""
        columns = [*self._columns(True)]
        return Table(columns, heads=self._heads(), tail=[*self._words()])

    def records(self) -> list[Column]:
        """One row for each parameter, with all digits."""
        return [*self._columns(False)]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found, numbers = self.found, self.found.statistics
        names = found.names
        pairs = {
            f"{one}, {other}": float(numbers.correlations[at, to])
            for at, one in enumerate(names)
            for to, other in enumerate(names)
            if at < to
        }
        yield {
            "schema": SCHEMA,
            "output": self.models[0] if len(self.models) == 1 else self.output,
            "value": self.value,
            "parameters": self.parameters,
            "errors": self.errors,
            "correlations": pairs,
            "dof": numbers.dof,
            "reduced_chi2": nan if found.likelihood else numbers.reduced,
            "r_squared": numbers.r_squared,
            "aic": numbers.aic,
            "bic": numbers.bic,
            "errors_scaled": numbers.scaled,
            **self._loss(),
            "converged": found.converged,
            "stopped": found.stopped,
            **self._intervals(),
            "verdicts": [*found.verdicts],
            "start": dict(zip(names, found.start.tolist(), strict=True)),
            "rows": numbers.rows,
            "fixed": {**self.frozen},
            "inputs": {**self.inputs},
            **self.declared,
        }

    def _loss(self) -> dict[str, Any]:
        robust = self.found.robust
        if self.found.counts or self.found.likelihood:
            return {"loss": "poisson" if self.found.counts else "likelihood"}
        return {"loss": robust.name, "loss_scale": robust.scale} if robust else {}

    def _intervals(self) -> dict[str, Any]:
        found = self.found
        if not found.intervals:
            return {}
        ends = zip(found.names, map(list, found.intervals), strict=True)
        return {"level": self.level, "intervals": dict(ends)}

    def _heads(self) -> list[tuple[str | float, ...]]:
        if self.models:
            return [(each,) for each in self.models]
        return [(f"{self.output} = ", self.value)]

    def _columns(self, readable: bool) -> Iterator[Column]:
        found = self.found
        names = [*found.names, *self.frozen]
        more = len(self.frozen)
        errors = [*self.errors.values(), *[None] * more]
        x = [*found.x.tolist(), *self.frozen.values()]
        yield Column("name", names, "name")
        if readable:
            yield Column(
                "value", [_rounded(*both)[0] for both in zip(x, errors, strict=True)], "text"
            )
            yield Column("±", [_rounded(*both)[1] for both in zip(x, errors, strict=True)], "text")
            yield Column("%", [_percent(*both) for both in zip(x, errors, strict=True)], "text")
        else:
            yield Column("value", x)
            yield Column("error", errors)
        if found.intervals:
            yield from self._ends(readable, more)
        start = [*found.start.tolist(), *self.frozen.values()]
        if readable:
            yield Column("start", [shown(each, _DIGITS) for each in start], "text")
        else:
            yield Column("start", start)
        if self.bounds:
            cells = [written_bounds(*self.bounds[n]) if n in self.bounds else "" for n in names]
            yield Column("bounds", cells, "text")
        marks = ["at its bound" if held else "" for held in found.held] + ["fixed"] * more
        if any(marks):
            yield Column("", marks, "text")

    def _ends(self, readable: bool, more: int) -> Iterator[Column]:
        """The ends of intervals."""
        level = f"{shown(100 * self.level, 4)} %"
        for title, at in (("from", 0), ("to", 1)):
            cells = [each[at] for each in self.found.intervals]
            if readable:
                each = zip(cells, self.errors.values(), self.found.x.tolist(), strict=True)
                texts = [
                    "none" if isnan(end) else _rounded(end, min(error, abs(end - x)))[0]
                    for end, error, x in each
                ]
                yield Column(
                    f"{level} {title}" if not at else title, [*texts, *[""] * more], "text"
                )
            else:
                yield Column("low" if not at else "high", [*cells, *[None] * more])

    def _words(self) -> Iterator[str]:
        found, numbers = self.found, self.found.statistics
        chi2 = "χ²" if not numbers.scaled else "sum of squares"
        robust = found.robust
        chi2 = f"{robust.name} loss" if robust else "deviance" if found.counts else chi2
        if found.likelihood:
            yield f"{counted(numbers.rows, 'row')}, {counted(len(found.names), 'parameter')}"
            yield f"-2·ln(likelihood) {shown(numbers.chi2, _DIGITS)}"
            yield from self._rest(numbers)
            return
        parts = [
            counted(numbers.rows, "row"),
            counted(len(found.names), "parameter"),
            f"{numbers.dof:,} degree{'s' if numbers.dof != 1 else ''} of freedom",
            f"{chi2} {shown(numbers.chi2, _DIGITS)}",
        ]
        if robust:
            parts.append(f"scale {shown(robust.scale, _DIGITS)}")
        elif numbers.dof > 0:
            what = "reduced χ²" if not numbers.scaled else "residual standard error"
            what = "by degrees of freedom" if found.counts else what
            size = numbers.reduced if not numbers.scaled else numbers.reduced**0.5
            parts.append(f"{what} {shown(size, _DIGITS)}")
        if isfinite(numbers.r_squared):
            parts.append(f"R² {shown(numbers.r_squared, _DIGITS)}")
        yield ", ".join(parts[:3])
        yield "; ".join(parts[3:])
        yield from self._rest(numbers)

    def _rest(self, numbers: Statistics) -> Iterator[str]:
        if isfinite(numbers.aic):
            yield f"AIC {shown(numbers.aic, _DIGITS)}, BIC {shown(numbers.bic, _DIGITS)}"
        yield from self._errors_in_words()
        yield from self._correlated()
        yield from self.found.verdicts

    def _errors_in_words(self) -> Iterator[str]:
        numbers = self.found.statistics
        of = f", weights {self.weights}" if self.weights else ""
        robust = self.found.robust
        if self.found.counts:
            how = "observed" if self.found.counts.observed else "expected"
            yield f"standard errors of counts, by their likelihood's {how} second derivatives"
        elif self.found.likelihood:
            yield self.found.likelihood.in_words
            if self.found.converged and np.isfinite(numbers.errors).any():
                yield "standard errors by the inverse of its second derivatives"
        elif robust:
            yield from _loss_in_words(robust, self.found, of)
        elif numbers.dof <= 0:
            return
        elif numbers.scaled:
            yield f"standard errors, scaled so that reduced χ² is 1{of}"
        else:
            yield f"standard errors of the errors given, not scaled{of}"

    def _correlated(self) -> Iterator[str]:
        names, both = self.found.names, self.found.statistics.correlations
        pairs = [
            (float(both[at, to]), one, names[to])
            for at, one in enumerate(names)
            for to in range(at + 1, len(names))
            if isfinite(both[at, to]) and (self.every or abs(both[at, to]) >= _TOLD)
        ]
        pairs.sort(key=lambda each: -abs(each[0]))
        some = pairs if self.every else pairs[:_MOST]
        if some:
            told = ", ".join(f"{one} {other} {_signed(size)}" for size, one, other in some)
            rest = len(pairs) - len(some)
            yield f"correlations: {told}{f' and {rest} more: --correlations' if rest else ''}"


def _loss_in_words(robust: Robust, found: FoundFit, weights: str) -> Iterator[str]:
    """What a loss did with which residuals, and whose errors there are."""
    far = robust.further(found.x)
    what = "residuals that are" if far != 1 else "residual that is"
    here = f"{far:,} {what} larger than {shown(robust.scale, _DIGITS)} in size count less"
    if robust.is_found:
        here += f": the scale is {shown(robust.scale / robust.size, _DIGITS)} times their size by the median"
    yield here + weights
    if np.isnan(found.statistics.covariance).all():
        yield "no standard errors: those of a loss are of residuals in memory, most of them within its scale"
    else:
        yield "standard errors of M-estimates, by Huber's formula"


def _written(found: FoundFit) -> dict[str, str]:
    both = zip(found.names, found.x.tolist(), errors_of(found).values(), strict=True)
    return {name: " ± ".join(filter(None, _rounded(x, error))) for name, x, error in both}


def _rounded(x: float, error: float | None) -> tuple[str, str]:
    """A number and its standard error, with two digits of that: `98.78`, `0.58`."""
    if error is None or not isfinite(error) or error <= 0 or not isfinite(x):
        return shown(x, _DIGITS), "" if error is None else "0" if error == 0 else "none"
    last = floor(log10(error)) - 1
    if round(error / 10.0**last) >= 100:  # 0.0996 is 0.10
        last += 1
    if last < -15 - 1 or last > 15 or not -5 <= floor(log10(abs(x))) <= 15 if x else last < -8:
        size = max(abs(x), error)
        digits = max(2, floor(log10(size)) - last + 1) if size else 2
        return shown(x, min(digits, 17)), shown(error, 2)
    one = Decimal(1).scaleb(last)
    number, spread = (Decimal(repr(each)).quantize(one) for each in (x, error))
    return fixed(number), fixed(spread)


def _signed(size: float) -> str:
    """A correlation: `+0.555`, `-0.83`."""
    return f"{'-' if size < 0 else '+'}{shown(abs(size), 3)}"


def _percent(x: float, error: float | None) -> str:
    if error is None or not isfinite(error) or not x:
        return ""
    return f"{shown(100 * error / abs(x), 2)} %"
