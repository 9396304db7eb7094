"""What `backprop check` has to say: of a gradient, or of an answer sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any, NamedTuple

from backprop.checks import Check, GradientCheck, Marked, Sheet
from backprop.checks.words import listed, number
from backprop.errors import BackpropError
from backprop.numbers import rounded
from backprop.report.rows import SCHEMA, Column, Kind, Table

_MOST_NAMES = 8

_KINDS: Mapping[str, Kind] = {
    "name": "name", "of": "name", "by": "name", "claim": "formula", "verdict": "text", "note": "text",
    "mistake": "text", "diagnosis": "text",
}  # fmt: skip
"""What stands in a column; numbers in the others."""

_MAYBE = ("numeric", "error", "relative", "left", "right")
"""Numbers of a check that are nan where they are not known."""

_SIZES = {"value": 6, "error": 1, "relative": 1}
"""Numbers of which the size is all that matters, and with how many digits a table has them."""


def _columns(titles: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """A column for each title, with what the rows have under it."""
    return [
        Column(title, [row.get(title) for row in rows], _KINDS.get(title, "number"))
        for title in titles
    ]


class CheckReport(NamedTuple):
    """A gradient beside the slopes that were found without it."""

    check: GradientCheck

    @property
    def right(self) -> bool:
        return self.check.right

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return self.check.gradient.warnings

    def table(self) -> Table:
        """A row an input; what is to be explained stands below, a line an input."""
        checks, gradient = self.check.checks, self.check.gradient
        rows = [
            {**row, **{key: _rounded(row[key], digits) for key, digits in _SIZES.items()}}
            for row in self._rows()
        ]
        titles = ("name", "value", "grad", "numeric", "error", "relative", "digits", "verdict")
        return Table(
            _columns(titles, rows),
            ["strong" if each.wrong else "" for each in checks],
            heads=[(f"{gradient.output} = ", gradient.value)],
            notes=[f"{each.name}: {each.verdict}: {each.note}" for each in checks if each.note],
            tail=[self._summary()],
        )

    def records(self) -> list[Column]:
        """A row an input."""
        titles = "name value grad numeric uncertainty error relative digits verdict note"
        return _columns(titles.split(), self._rows())

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found = self.check
        yield {
            "schema": SCHEMA,
            "output": found.gradient.output,
            "value": found.gradient.value,
            "right": found.right,
            "method": found.method,
            "inputs": [_checked(each) for each in found.checks],
        }

    def _rows(self) -> list[dict[str, Any]]:
        return [{**_checked(each), "grad": each.gradient} for each in self.check.checks]

    def _summary(self) -> str:
        checks = self.check.checks
        output = self.check.gradient.output
        precise = self.check.method == "precise"
        how = "differences at 60 digits and more" if precise else "differences"
        if not checks:
            return f"{output} depends on no input: there is nothing to check"
        wrong = sum(each.wrong for each in checks)
        if wrong:
            return f"{wrong} of {len(checks)} gradients {'is' if wrong == 1 else 'are'} wrong, by {how}"
        agree = sum(each.verdict == "agrees" for each in checks)
        if agree == len(checks):
            many = f"all {agree} gradients agree" if agree > 1 else "the gradient agrees"
            return f"{many} with {how}"
        return f"{agree} of {len(checks)} gradients agree with {how}; none is wrong"


def _checked(check: Check) -> dict[str, Any]:
    """An input as the JSON has it; None for a number that is not known."""
    found = asdict(check)
    if isnan(check.left) and isnan(check.right):
        del found["left"], found["right"]
    return {key: None if key in _MAYBE and isnan(value) else value for key, value in found.items()}


class SheetReport(NamedTuple):
    """An answer sheet, marked."""

    sheet: Sheet

    @property
    def right(self) -> bool:
        return self.sheet.right

    @property
    def warnings(self) -> Sequence[BackpropError]:
        return [*self.sheet.gradient.warnings, *self.sheet.warnings]

    def table(self) -> Table:
        """A row a claim; the wrong ones are explained below."""
        marks, gradient = self.sheet.marks, self.sheet.gradient
        titles = ["by", "claim", "claimed", "value", "verdict"]
        if any(each.claim.of != gradient.output for each in marks):
            titles.insert(0, "of")
        columns = _columns(titles, [_marked(each) for each in marks])
        if any(each.claim.formula for each in marks):
            columns.append(Column("other points", [_points(each) for each in marks], "text"))
        return Table(
            columns,
            ["" if each.correct else "strong" for each in marks],
            heads=[(f"{gradient.output} = ", gradient.value)],
            notes=[line for each in marks if not each.correct for line in _explained(each)],
            tail=[self._summary()],
        )

    def records(self) -> list[Column]:
        """A row a claim."""
        titles = "of by claim claimed value verdict mistake diagnosis"
        return _columns(titles.split(), [_marked(each) for each in self.sheet.marks])

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        sheet = self.sheet
        yield {
            "schema": SCHEMA,
            "output": sheet.gradient.output,
            "value": sheet.gradient.value,
            "right": sheet.right,
            "claims": [_marked(each) for each in sheet.marks],
        }

    def _summary(self) -> str:
        many = len(self.sheet.marks)
        wrong = sum(not each.correct for each in self.sheet.marks)
        if many < 2:
            return f"the claim is {'wrong' if wrong else 'right'}"
        if wrong:
            return f"{wrong} of {many} claims {'is' if wrong == 1 else 'are'} wrong"
        return "all claims are right"


def _marked(mark: Marked) -> dict[str, Any]:
    found: dict[str, Any] = {
        "of": mark.claim.of,
        "by": mark.claim.by,
        "claim": mark.claim.text,
        "claimed": mark.claimed,
        "value": mark.right,
        "verdict": "right" if mark.correct else "wrong",
        "points": mark.points,
        "points_right": mark.agreeing,
    }
    if not mark.correct:
        found |= {
            "mistake": mark.kind,
            "diagnosis": mark.diagnosis,
            "derivation": mark.chain,
            "counterexample": {
                "at": dict(mark.example or {}),
                "claimed": mark.example_claimed,
                "right": mark.example_right,
            },
        }
    return found


def _explained(mark: Marked) -> list[str]:
    """The lines below the table on a wrong claim."""
    claim = mark.claim
    why = f": {mark.diagnosis}" if mark.diagnosis else ""
    lines = [f"{claim.name} = {claim.text} is wrong{why}"]
    if mark.elsewhere or claim.formula:
        at = [f"{name} = {number(value)}" for name, value in (mark.example or {}).items()]
        numbers = f"claimed {number(mark.example_claimed)}, right {number(mark.example_right)}"
        lines.append(f"  at {listed(at, _MOST_NAMES)}: {numbers}")
    lines.append(f"  {mark.chain}")
    return lines


def _points(mark: Marked) -> str:
    if not mark.claim.formula:
        return ""
    return f"{mark.agreeing} of {mark.points} right" if mark.points else "none found"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or isnan(value) else rounded(value, digits)
