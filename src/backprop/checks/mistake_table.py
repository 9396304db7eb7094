"""The table of mistakes: what a person claims who makes one, and how that is told.

A claim is a text in the equation language, over what it lets one name:

    right      the derivative that is asked for, of the output by a name
    upstream   what a local derivative is multiplied by in it
    local      a local derivative in it: of a step by an operand
    rest       what of it comes by other ways; right = rest + upstream*local
    other      the local derivative of the same step by another operand
    value      a value: of a node, or of the step
    factor     the value of an operand of the step
    above      where all ways pass one node: the derivative of the output by that node
    below      and that node's by the name; right = above*below

`suspects` and `shares` try the rows on a claim of `check` and on an answer of `quiz`, and a page gets them,
in its own language, for what is guessed there. To add a mistake, add a row, and its sentence to the texts
of pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from backprop.operations import OPERATIONS
from backprop.syntax.functions import Function, compiled
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula

WHOLE, VALUE, MEETING, INSIDE, OTHER, EDGE, FACTOR, ASKED, COMPUTED = (
    "whole", "value", "meeting", "inside", "other", "edge", "factor", "asked", "computed",
)  # fmt: skip
"""What a row is tried for: the derivative once; each node whose value may have been taken for it; each node
that all ways pass, with a name or inside of an equation; each other operand of the same step; each local
derivative; each operand of such a step; what a page or a quiz asks for, where that is a part alone;
what a value comes to that a quiz asks for, where one thing in its equation is taken for another."""


class MistakeRow(NamedTuple):
    """One mistake.

    name: its own. tried: for what, see above. rank: the simple ones first; inside: how much later
    where the step stands inside of an equation. kind: its name for programs. claim: what is
    claimed. said: its sentence, with fields. where: a
    condition on the same names, without which it is no mistake.
    """

    name: str
    tried: str
    rank: int
    kind: str
    claim: str
    said: str
    where: str = ""
    inside: int = 0

    def gives(self, numbers: Mapping[str, float]) -> float | None:
        """What is claimed, given what its names mean; None where that is no mistake."""
        return None if self.where and not _of(self.where, numbers) else _of(self.claim, numbers)


def _of(text: str, numbers: Mapping[str, float]) -> float:
    names, function = _compiled(text)
    return function(*[numbers[each] for each in names])


@cache
def _compiled(text: str) -> tuple[tuple[str, ...], Function]:
    names = tuple(sorted(names_in(formula(text))))
    return names, compiled(text, names)


_FACTOR = "in {derivative}, the factor {factor} is "
_TIMES = {
    "twice": "2*right", "half": "0.5*right", "three times": "3*right", "a third of": "1/3*right",
    "four times": "4*right", "a quarter of": "0.25*right", "−2 times": "-2*right", "−1/2 times": "-0.5*right",
}  # fmt: skip
_SEVERAL = "rest != 0 and upstream*local != 0"

MISSING = "{derivative}, is missing"

TABLE: Sequence[MistakeRow] = (
    MistakeRow("zero", ASKED, 0, "zero", "0", "0 means that nothing changes with it", "right != 0"),
    MistakeRow("sign", WHOLE, 1, "sign", "-right", "a sign error"),
    MistakeRow(
        "with upstream", ASKED, 2, "upstream", "upstream*local",
        "this is {lower} times the gradient {upper}; asked is {lower} alone", "upstream != 1",
    ),
    MistakeRow(
        "all shares", ASKED, 2, "whole", "right + rest",
        "this is all of {whole}, and not only the share through {through}", "rest != 0",
    ),
    MistakeRow("value", VALUE, 70, "value", "value", "this is the value of {node}"),
    MistakeRow(
        "reciprocal", WHOLE, 65, "reciprocal", "1/right", "this is 1 divided by the {asked}",
        "right != 0",
    ),
    *(
        MistakeRow(words, WHOLE, 90, "factor", claim, f"this is {words} the {{asked}}")
        for words, claim in _TIMES.items()
    ),
    MistakeRow("squared", WHOLE, 95, "power", "right*right", "this is the {asked} squared"),
    MistakeRow(
        "early", MEETING, 10, "early", "below",
        "it stops too early: this is {lower}; the factor {upper} = {above} is missing",
    ),
    MistakeRow(
        "late", MEETING, 30, "local", "above",
        "the local derivative is missing: this is {upper}; the factor {lower} = {below} is missing",
    ),
    MistakeRow(
        "outer", INSIDE, 47, "missing factor", "below",
        "the outer derivative is missing: that of {output} with respect to {node}, {above}",
    ),
    MistakeRow(
        "inner", INSIDE, 47, "missing factor", "above",
        "the inner derivative is missing: that of {node} with respect to {by}, {below}",
    ),
    MistakeRow(
        "swapped", OTHER, 20, "swapped", "rest + upstream*other",
        "the local derivative of {respect} is {formula}, the claim has {other}",
    ),
    MistakeRow("missing", EDGE, 40, "missing factor", "rest + upstream", MISSING, inside=5),
    MistakeRow(
        "forgotten", EDGE, 50, "missing contribution", "rest",
        "the share through {through}, {share}, is forgotten", _SEVERAL, 5,
    ),
    MistakeRow(
        "only", EDGE, 52, "missing contribution", "upstream*local",
        "this is only the share through {through}; others are forgotten", _SEVERAL, 5,
    ),
    MistakeRow(
        "share sign", EDGE, 53, "sign", "rest - upstream*local", "a sign error in {derivative}",
        _SEVERAL, 5,
    ),
    MistakeRow(
        "upside down", EDGE, 82, "reciprocal", "rest + upstream/local", "{derivative}, is upside down",
        "local != 0",
    ),
    MistakeRow(
        "value in place", EDGE, 72, "value", "rest + upstream*value",
        "the value of {through}, {value}, stands in place of {derivative}",
    ),
    MistakeRow(
        "factor missing", FACTOR, 60, "factor", "rest + upstream*local/factor", _FACTOR + "missing",
        "factor != 0",
    ),
    MistakeRow(
        "divided", FACTOR, 60, "factor", "rest + upstream*local/factor",
        "{derivative}, is divided by {factor}", "factor != 0",
    ),
    MistakeRow(
        "factor too many", FACTOR, 62, "factor", "rest + upstream*local*factor", _FACTOR + "too many"
    ),
    MistakeRow(
        "power missing", FACTOR, 61, "factor", "rest + upstream*factor",
        "in {derivative}, the power of {operand} is missing",
    ),
    MistakeRow(
        "operand sign", COMPUTED, 20, "sign", "other",
        "this comes of {operand} = {other} in place of {number}",
    ),
    MistakeRow(
        "operation", COMPUTED, 40, "operation", "other", "this comes of {other} in place of {sign}"
    ),
)  # fmt: skip

QUANTITIES = "right", "upstream", "local", "rest", "other", "value", "factor", "above", "below"
"""What claims are made of."""

BY_NAME: Mapping[str, MistakeRow] = {row.name: row for row in TABLE}

TRIED: Mapping[str, Sequence[MistakeRow]] = {
    what: [row for row in TABLE if row.tried == what]
    for what in dict.fromkeys(row.tried for row in TABLE)
}
"""The rows that `check` looks for, by what they are tried for."""


def factors(op: str, operands: Sequence[int], by: int) -> Iterator[tuple[int, str]]:
    """The operands of a step that may be a factor too few or too many in its derivative by one of them,
    each with the name of its row."""
    first, *others = operands
    if OPERATIONS[op].chooses:
        return
    power = op == "^" and by == first
    for node in dict.fromkeys(operands):
        if power or node != by:
            # of a*b, a/b by b, and a^n it is a factor
            has = power or (op in ("*", "/") and node == first)
            yield node, "factor missing" if has else "divided"
        yield node, "factor too many"
    if power:
        yield others[0], "power missing"
