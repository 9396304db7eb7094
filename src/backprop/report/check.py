"""What `backprop check` has to say: of a gradient, or of an answer sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

from backprop.checks import Check, GradientCheck, Marked, Sheet
from backprop.errors import BackpropError
from backprop.numbers import listed, rounded, spoken
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


class _Judged:
    """What both reports have. found: what was checked. rows: of all columns, by their titles. own: what
    the object has besides."""

    records_of: str
    """The titles of the CSV."""

    def __init__(
        self, found: GradientCheck | Sheet, rows: Sequence[dict[str, Any]], **own: Any
    ) -> None:
        self._gradient = found.gradient
        self._rows = rows
        self._own = own
        self.right = found.right
        self.warnings: Sequence[BackpropError] = found.gradient.warnings

    def records(self) -> list[Column]:
        """A row an input or a claim."""
        return _columns(self.records_of.split(), self._rows)

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        start = {"schema": SCHEMA, "output": self._gradient.output, "value": self._gradient.value}
        yield {**start, "right": self.right, **self._own}

    def _table(
        self, columns: Sequence[Column], strong: Iterable[bool], notes: Sequence[str], summary: str
    ) -> Table:
        emphasis = ["strong" if each else "" for each in strong]
        head = (f"{self._gradient.output} = ", self._gradient.value)
        return Table(columns, emphasis, heads=[head], notes=notes, tail=[summary])


class CheckReport(_Judged):
    """A gradient beside the slopes that were found without it."""

    records_of = "name value grad numeric uncertainty error relative digits verdict note"

    def __init__(self, check: GradientCheck) -> None:
        self._check = check
        inputs = [_checked(each) for each in check.checks]
        rows = [{**each, "grad": each["gradient"]} for each in inputs]
        super().__init__(check, rows, method=check.method, inputs=inputs)

    def table(self) -> Table:
        """A row an input; what is to be explained stands below, a line an input."""
        checks = self._check.checks
        rows = [
            row
            | {key: rounded(row[key], most) for key, most in _SIZES.items() if row[key] is not None}
            for row in self._rows
        ]
        titles = "name value grad numeric error relative digits verdict"
        notes = [f"{each.name}: {each.verdict}: {each.note}" for each in checks if each.note]
        columns = _columns(titles.split(), rows)
        return self._table(columns, [each.wrong for each in checks], notes, self._summary())

    def _summary(self) -> str:
        checks = self._check.checks
        precise = self._check.method == "precise"
        how = "differences at 60 digits and more" if precise else "differences"
        if not checks:
            return f"{self._gradient.output} depends on no input: there is nothing to check"
        wrong = sum(each.wrong for each in checks)
        if wrong:
            return f"{_of(wrong, len(checks), 'gradients')} wrong, by {how}"
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


class SheetReport(_Judged):
    """An answer sheet, marked."""

    records_of = "of by claim claimed value verdict mistake diagnosis"

    def __init__(self, sheet: Sheet) -> None:
        self._marks = sheet.marks
        rows = [_marked(each) for each in sheet.marks]
        super().__init__(sheet, rows, claims=rows)
        self.warnings = [*self.warnings, *sheet.warnings]

    def table(self) -> Table:
        """A row a claim; the wrong ones are explained below."""
        marks = self._marks
        titles = ["by", "claim", "claimed", "value", "verdict"]
        if any(each.claim.of != self._gradient.output for each in marks):
            titles.insert(0, "of")
        columns = _columns(titles, self._rows)
        if any(each.claim.formula for each in marks):
            columns.append(Column("other points", [_points(each) for each in marks], "text"))
        wrong = [each for each in marks if not each.correct]
        notes = [line for each in wrong for line in _explained(each)]
        summary = "all claims are right"
        if len(marks) < 2:
            summary = f"the claim is {'wrong' if wrong else 'right'}"
        elif wrong:
            summary = f"{_of(len(wrong), len(marks), 'claims')} wrong"
        return self._table(columns, [not each.correct for each in marks], notes, summary)


def _of(some: int, all: int, what: str) -> str:
    return f"{some} of {all} {what} {'is' if some == 1 else 'are'}"


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
        at = [f"{name} = {spoken(value)}" for name, value in (mark.example or {}).items()]
        both = f"claimed {spoken(mark.example_claimed)}, right {spoken(mark.example_right)}"
        lines.append(f"  at {listed(at, _MOST_NAMES)}: {both}")
    return [*lines, f"  {mark.chain}"]


def _points(mark: Marked) -> str:
    if not mark.claim.formula:
        return ""
    return f"{mark.agreeing} of {mark.points} right" if mark.points else "none found"
