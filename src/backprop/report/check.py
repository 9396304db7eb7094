"""What `backprop check` has to say: of a gradient, or of an answer sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from backprop.checks import Check, GradientCheck, Marked, Sheet
from backprop.checks.words import number
from backprop.errors import BackpropError
from backprop.numbers import rounded
from backprop.report.rows import Column, Table

SCHEMA = 1
"""Raised when a name of the JSON goes away or changes its meaning; new names do not raise it."""

_MOST_NAMES = 8


@dataclass(frozen=True)
class CheckReport:
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
        found = self.check
        checks = found.checks
        output = found.gradient.output
        return Table(
            [
                Column("name", [each.name for each in checks], "name"),
                Column("value", [_rounded(each.value, 6) for each in checks]),
                Column("grad", [each.gradient for each in checks]),
                Column("numeric", [_known(each.numeric) for each in checks]),
                Column("error", [_rounded(each.error, 1) for each in checks]),
                Column("relative", [_rounded(each.relative, 1) for each in checks]),
                Column(
                    "digits",
                    [None if each.digits is None else float(each.digits) for each in checks],
                ),
                Column("verdict", [each.verdict for each in checks], "text"),
            ],
            ["strong" if each.wrong else "" for each in checks],
            heads=[(f"{output} = ", found.gradient.value)],
            notes=[f"{each.name}: {each.verdict}: {each.note}" for each in checks if each.note],
            tail=[self._summary()],
        )

    def _summary(self) -> str:
        checks = self.check.checks
        output = self.check.gradient.output
        how = "differences at 60 digits and more" if self._precise else "differences"
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

    @property
    def _precise(self) -> bool:
        return self.check.method == "precise"

    def records(self) -> list[Column]:
        """A row an input."""
        checks = self.check.checks
        return [
            Column("name", [each.name for each in checks], "name"),
            Column("value", [each.value for each in checks]),
            Column("grad", [each.gradient for each in checks]),
            Column("numeric", [_known(each.numeric) for each in checks]),
            Column("uncertainty", [each.uncertainty for each in checks]),
            Column("error", [_known(each.error) for each in checks]),
            Column("relative", [_known(each.relative) for each in checks]),
            Column("digits", [_whole(each.digits) for each in checks], "text"),
            Column("verdict", [each.verdict for each in checks], "text"),
            Column("note", [each.note for each in checks], "text"),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found = self.check
        yield {
            "schema": SCHEMA,
            "output": found.gradient.output,
            "value": found.gradient.value,
            "right": found.right,
            "method": found.method,
            "inputs": [_object(each) for each in found.checks],
        }


@dataclass(frozen=True)
class SheetReport:
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
        sheet = self.sheet
        marks = sheet.marks
        output = sheet.gradient.output
        columns = [
            Column("by", [each.claim.by for each in marks], "name"),
            Column("claim", [each.claim.text for each in marks], "formula"),
            Column("claimed", [each.claimed for each in marks]),
            Column("value", [each.right for each in marks]),
            Column("verdict", ["right" if each.correct else "wrong" for each in marks], "text"),
        ]
        if any(each.claim.of != output for each in marks):
            columns.insert(0, Column("of", [each.claim.of for each in marks], "name"))
        if any(each.claim.formula for each in marks):
            columns.append(Column("other points", [_points(each) for each in marks], "text"))
        return Table(
            columns,
            ["" if each.correct else "strong" for each in marks],
            heads=[(f"{output} = ", sheet.gradient.value)],
            notes=[line for each in marks if not each.correct for line in _explained(each)],
            tail=[self._summary()],
        )

    def _summary(self) -> str:
        marks = self.sheet.marks
        wrong = sum(not each.correct for each in marks)
        if wrong:
            if len(marks) == 1:
                return "the claim is wrong"
            return f"{wrong} of {len(marks)} claims {'is' if wrong == 1 else 'are'} wrong"
        return "all claims are right" if len(marks) > 1 else "the claim is right"

    def records(self) -> list[Column]:
        """A row a claim."""
        marks = self.sheet.marks
        return [
            Column("of", [each.claim.of for each in marks], "name"),
            Column("by", [each.claim.by for each in marks], "name"),
            Column("claim", [each.claim.text for each in marks], "formula"),
            Column("claimed", [each.claimed for each in marks]),
            Column("value", [each.right for each in marks]),
            Column("verdict", ["right" if each.correct else "wrong" for each in marks], "text"),
            Column("mistake", [each.kind for each in marks], "text"),
            Column("diagnosis", [each.diagnosis for each in marks], "text"),
        ]

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


def _object(check: Check) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": check.name,
        "value": check.value,
        "gradient": check.gradient,
        "numeric": _known(check.numeric),
        "uncertainty": check.uncertainty,
        "error": _known(check.error),
        "relative": _known(check.relative),
        "digits": check.digits,
        "verdict": check.verdict,
        "note": check.note,
    }
    if not (isnan(check.left) and isnan(check.right)):
        found |= {"left": _known(check.left), "right": _known(check.right)}
    return found


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
    head = f"{claim.name} = {claim.text} is wrong" + (
        f": {mark.diagnosis}" if mark.diagnosis else ""
    )
    lines = [head]
    if mark.elsewhere or claim.formula:
        at = [f"{name} = {number(value)}" for name, value in (mark.example or {}).items()]
        more = ", …" if len(at) > _MOST_NAMES else ""
        lines.append(
            f"  at {', '.join(at[:_MOST_NAMES])}{more}: claimed {number(mark.example_claimed)},"
            f" right {number(mark.example_right)}"
        )
    lines.append(f"  {mark.chain}")
    return lines


def _points(mark: Marked) -> str:
    if not mark.claim.formula:
        return ""
    return f"{mark.agreeing} of {mark.points} right" if mark.points else "none found"


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _whole(digits: int | None) -> str:
    return "" if digits is None else str(digits)


def _rounded(value: float, digits: int) -> float | None:
    """A number of which the size is all that matters."""
    return None if isnan(value) else rounded(value, digits)
