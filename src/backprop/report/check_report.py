"""What `backprop check` has to say: of a gradient, or of an answer sheet."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan
from types import MappingProxyType
from typing import Any, NamedTuple

from backprop.checks import Check, GradientCheck, Marked, Sheet
from backprop.checks.verdict import AGREES
from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient
from backprop.numbers import beyond, listed, rounded, spoken
from backprop.report import SCHEMA, CellKind, Column, Table, groups
from backprop.showing import Shown

_MOST_NAMES, _MOST_NOTES = 8, 3
"""The most names in a line, and the most notes on members of a family that is one row."""

_TOGETHER = (
    "groups of inputs were moved at once: the numbers of each are as if the difference were its own"
)

_KINDS: Mapping[str, CellKind] = {
    "name": "name", "of": "name", "by": "name", "claim": "formula", "verdict": "text", "note": "text",
    "mistake": "text", "diagnosis": "text", "worst": "name",
}  # fmt: skip
"""What stands in a column; numbers in the others."""

_FIELDS = [name for name in Check.__slots__ if name not in ("left", "right", "edge")]
"""What the JSON has of every input; `edge` is in the note."""

_MAYBE = ("numeric", "error", "relative", "left", "right")
"""Numbers of a check that are nan where they are not known."""

_SIZES = {"value": 6, "error": 1, "relative": 1}
"""Numbers of which the size is all that matters, and with how many digits a table has them."""


class _CheckReport(NamedTuple):
    gradient: Gradient
    right: bool
    rows: Callable[[], Sequence[Column]]
    own: Mapping[str, Any]
    shown: Table
    warnings: Sequence[BackpropError]
    declared: Mapping[str, Any] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"CheckReport({self.shown.tail[-1]})"


class CheckReport(Shown, _CheckReport):
    """What came of a check, for every format.

    rows: makes those of the CSV, an input or a claim each. own: what the object has besides. right:
    whether nothing was found to be wrong. declared: what the object has of the file.
    """

    def table(self) -> Table:
        """A row an input or a claim; what is to be explained stands below."""
        return self.shown

    def records(self) -> Sequence[Column]:
        """A row an input or a claim."""
        return self.rows()

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        start = {"schema": SCHEMA, "output": self.gradient.output, "value": self.gradient.value}
        own = {**self.own, **self.declared}
        yield {**start, "right": self.right, **own, "data": self.gradient.data}


def _columns(titles: str, rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """A column for each title, with what the rows have under it."""
    return [
        Column(title, [row.get(title) for row in rows], _KINDS.get(title, "number"))
        for title in titles.split()
    ]


def _table(
    found: Gradient, columns: Sequence[Column], wrong: Iterable[bool], notes: list[str], end: str
) -> Table:
    emphasis = ["strong" if each else "" for each in wrong]
    return Table(columns, emphasis, [(f"{found.output} = ", found.value)], notes=notes, tail=[end])


def check_report(check: GradientCheck, whole: bool = False) -> CheckReport:
    """A gradient beside the slopes that were found without it. whole: the table has a row for every
    member of a large family, which is otherwise one row with the numbers of its worst member."""
    found, checks = check.gradient, check.checks
    lines, wrong, notes = list[dict[str, Any]](), list[bool](), list[str]()
    for name, members in groups([each.name for each in checks], whole):
        worst, *others = sorted(members, key=lambda at: _badness(checks[at]))
        line = _line(checks[worst])
        if others:
            many = Counter(checks[at].verdict for at in (worst, *others))
            verdict = line["verdict"] if len(many) == 1 else _counted(many)
            line |= {"name": name, "value": f"{len(members)} values", "worst": line["name"]}
            line["verdict"] = verdict
        lines.append(line)
        wrong.append(checks[worst].wrong)
        noted = [each for each in map(checks.__getitem__, (worst, *others)) if each.note]
        notes += [f"{each.name}: {each.verdict}: {each.note}" for each in noted[:_MOST_NOTES]]
        if more := len(noted[_MOST_NOTES:]):
            notes.append(f"{name}: {more} more like these, which --all shows")
    own: dict[str, Any] = {"method": check.method, "inputs": _Inputs(checks)}
    if check.together:
        notes.append(_TOGETHER)
        own["together"] = True
    worst_named = "worst " * any("worst" in line for line in lines)
    titles = f"name value {worst_named}grad numeric error relative digits verdict"
    shown = _table(found, _columns(titles, lines), wrong, notes, _summary(check))
    return CheckReport(found, check.right, lambda: _records(checks), own, shown, found.warnings)


class _Inputs:
    """The inputs as the JSON has them, made one after the other."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(_checked, self._checks)

    def tolist(self) -> list[dict[str, Any]]:
        """All of them."""
        return [*self]


def _records(checks: Sequence[Check]) -> Sequence[Column]:
    titles = "name value grad numeric uncertainty error relative digits verdict note"
    return _columns(titles, [{**_checked(each), "grad": each.gradient} for each in checks])


def _line(check: Check) -> dict[str, Any]:
    """An input as a table has it."""
    row = {**_checked(check), "grad": check.gradient}
    known = {key: most for key, most in _SIZES.items() if row[key] is not None}
    return row | {key: rounded(row[key], most) for key, most in known.items()}


def _badness(check: Check) -> tuple[bool, bool, bool, float]:
    """The worst check sorts first: one that is wrong, then one that does not agree or has a note, then the
    one whose numbers are the furthest apart."""
    apart = 0.0 if isnan(check.relative) else check.relative
    return not check.wrong, check.verdict == AGREES, not check.note, -apart


def _counted(many: Mapping[str, int]) -> str:
    return ", ".join(f"{verdict}: {count}" for verdict, count in many.items())


def _checked(check: Check) -> dict[str, Any]:
    """An input as the JSON has it; None for a number that is not known."""
    names = _FIELDS if isnan(check.left) and isnan(check.right) else (*_FIELDS, "left", "right")
    found = {name: getattr(check, name) for name in names}
    return {key: None if key in _MAYBE and isnan(value) else value for key, value in found.items()}


def _summary(check: GradientCheck) -> str:
    checks = check.checks
    how = "differences at 60 digits and more" if check.method == "precise" else "differences"
    if not checks:
        return f"{check.gradient.output} depends on no input that moves: there is nothing to check"
    wrong = sum(each.wrong for each in checks)
    if wrong:
        return f"{_of(wrong, len(checks), 'gradients')} wrong, by {how}"
    agree = sum(each.verdict == AGREES for each in checks)
    if agree == len(checks):
        many = f"all {agree} gradients agree" if agree > 1 else "the gradient agrees"
        return f"{many} with {how}"
    return f"{agree} of {len(checks)} gradients agree with {how}; none is wrong"


def sheet_report(sheet: Sheet) -> CheckReport:
    """An answer sheet, marked; the wrong claims are explained below the table."""
    found, marks = sheet.gradient, sheet.marks
    rows = [_marked(each) for each in marks]
    others = any(each.claim.of != found.output for each in marks)
    columns = _columns(("of " if others else "") + "by claim claimed value verdict", rows)
    if any(each.claim.formula for each in marks):
        columns.append(Column("other points", [_points(each) for each in marks], "text"))
    wrong = [each for each in marks if not each.correct]
    notes = [line for each in marks for line in _explained(each)]
    blank = sum(each.claim.blank for each in marks)
    summary = "all claims are right"
    if len(marks) == 1:
        summary = f"the claim is {marks[0].verdict}"
    elif wrong or blank:
        many = len(wrong) or len(marks) - blank
        summary = f"{_of(many, len(marks), 'claims')} {'wrong' if wrong else 'right'}"
        summary += f", {blank} unanswered" if blank else ""
    shown = _table(found, columns, [not each.correct for each in marks], notes, summary)
    titles = "of by claim claimed value verdict mistake diagnosis points points_right"
    claims = [each.claim for each in marks]
    written = [f"{each.name} = {each.text}" for each in claims]  # as equations are
    both = zip(rows, written, strict=True)
    records = _columns(titles, [{**row, "claim": text} for row, text in both])
    doubts = [BackpropError(each.doubt, each.place) for each in claims if each.doubt]
    warnings = [*found.warnings, *doubts]
    return CheckReport(found, sheet.right, lambda: records, {"claims": rows}, shown, warnings)


def _of(some: int, all: int, what: str) -> str:
    return f"{some} of {all} {what} {'is' if some == 1 else 'are'}"


def _marked(mark: Marked) -> dict[str, Any]:
    found: dict[str, Any] = {
        "of": mark.claim.of,
        "by": mark.claim.by,
        "claim": mark.claim.text,
        "claimed": None if mark.claim.blank else mark.claimed,
        "value": None if mark.claim.blank else mark.right,
        "verdict": mark.verdict,
        "points": mark.points,
        "points_right": mark.agreeing,
    }
    if texts := beyond({key: found[key] for key in ("claimed", "value")}):
        found["beyond"] = texts
    if not mark.correct:
        numbers = {"claimed": mark.example_claimed, "right": mark.example_right}
        found |= {
            "mistake": mark.kind,
            "diagnosis": mark.diagnosis,
            "derivation": mark.chain,
            "counterexample": {"at": dict(mark.example or {}), **numbers},
        }
    return found


def _explained(mark: Marked) -> list[str]:
    """The lines below the table on a claim that is wrong, or not right everywhere."""
    claim = mark.claim
    if not mark.kind and mark.correct:
        return []
    why = f": {mark.diagnosis}" if mark.diagnosis else ""
    lines = [f"{claim.name} = {claim.text} is {mark.verdict}{why}"]
    if mark.elsewhere or claim.formula:
        at = [f"{name} = {spoken(value)}" for name, value in (mark.example or {}).items()]
        both = f"claimed {spoken(mark.example_claimed)}, right {spoken(mark.example_right)}"
        lines.append(f"  at {listed(at, _MOST_NAMES)}: {both}")
    return [*lines, f"  {mark.chain}"]


def _points(mark: Marked) -> str:
    if not mark.claim.formula or mark.claim.blank:
        return ""
    return f"{mark.agreeing} of {mark.points} right" if mark.points else "none found"
