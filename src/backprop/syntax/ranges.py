"""What to say of ranges and sums as other languages write them: `for i in range(3)`, `sum(i=1..3, x[i])`."""

import re
from collections.abc import Callable

from backprop.errors import SyntaxFault, mend
from backprop.operations import GATHERS
from backprop.syntax.case import Case, closing, end, fault, own

_SIGNS = {"from": "in", "to": ".."}
_READS = "a range reads for i in 1..n"
RANGES = {"": "", "range": "0", "xrange": "0", "arange": "0", "seq": "1", "seq_len": "1"}
"""Functions that are ranges elsewhere, and where they begin if that is not said."""


def _range(case: Case) -> SyntaxFault | None:
    """`for i in range(1, 4)`, `for i in (1, 2, 3)`, `for i from 1 to 3`, `for i = 1..3`."""
    tokens, at = case
    kinds, texts = tokens.kinds, tokens.texts
    if "FOR" not in kinds[:at]:
        return _without_for(case)
    if case.kind(-1) == "FOR" and case.kind() in ("NUMBER", "LPAR"):
        return fault(_READS, case.span(-1, 0), "write the index first: for i in 1..n")
    if case.kind(-2) == "FOR" and texts[at - 1] in ("all", "each", "every"):
        return fault(_READS, case.span(-1), mend(case.text()))
    if case.kind() == "NAME" and texts[at] in _SIGNS:
        return fault(_READS, case.span(), mend(_SIGNS[texts[at]]))
    if case.kind() == "ASSIGN" and case.kind(-2) in ("FOR", "COMMA"):
        if case.touching() or case.touching(1):
            meant = mend(f"{case.written(-1)} in {case.written(1)}")
            return fault(_READS, case.span(-1, 1), meant)
        return fault(_READS, case.span(), mend("in"))
    if "IN" not in kinds[:at]:
        return None
    word = at - 1 - kinds[:at][::-1].index("IN")
    opened = word + 1 + (kinds[word + 1 : word + 2] == ("NAME",))
    close = end(tokens, word + 1)
    name = "".join(texts[word + 1 : opened])
    if kinds[opened : opened + 1] != ("LPAR",) or close <= opened or name not in RANGES:
        return None
    inside, whole = own(tokens, opened + 1, close - 1), tokens.span(word + 1, close)
    parts = [part.strip() for part in inside.split(",")]
    if ".." in inside:
        return fault("a range has no brackets", whole, mend(inside))
    if not name:
        return fault("what an index runs through is a list", whole, mend(f"[{inside}]"))
    if len(parts) > 2 or "(" in "".join(parts[:-1]):
        return fault(_READS, whole, "write 1..n or a list, [1, 3, 5]")
    low, high = parts if len(parts) > 1 else (RANGES[name], parts[0])
    if name not in ("seq", "seq_len"):
        below = str(int(high) - 1) if high.isdecimal() and len(high) < 300 else f"{high} - 1"
        high = high.removesuffix("1").rstrip().removesuffix("+").rstrip() if _more(high) else below
    return fault(_READS, whole, mend(f"{low}..{high}"))


def _listed(case: Case) -> SyntaxFault | None:
    """`for i in 1,2,3`, a comma before `for` and a second `for`."""
    kinds, last = (*case.tokens.kinds, "", ""), case.at + 1
    if case.kind() == "FOR" and case.kind(-1) == "COMMA" and case.opened:
        hint = mend(f"{case.written(-2)} for")
        return fault("no comma stands before 'for'", case.span(-2, 0), hint)
    if "FOR" not in kinds[: case.at]:
        return None
    if case.kind() == "FOR":
        return fault("there is one 'for'", case.span(), mend(","))
    if case.text() in ("step", "by") and "RANGE" in kinds[: case.at] and case.behind_operand:
        return fault("a range has no steps", case.span(), "write the numbers as a list: [1, 3, 5]")
    if [*map(case.kind, range(-2, 2))] != ["IN", "NUMBER", "COMMA", "NUMBER"]:
        return None
    while kinds[last + 1 : last + 3] == ("COMMA", "NUMBER"):
        last += 2
    meant = f"[{own(case.tokens, case.at - 1, last)}]"
    hints = [mend(meant)]
    if last == case.at + 1:
        hints = [f"for the numbers of a list write {meant}"]
        hints.append(f"for a range {case.text(-1)}..{case.text(1)}")
    place = case.tokens.span(case.at - 1, last)
    return fault("what an index runs through is a list", place, *hints)


def over_index(name: str) -> str:
    """The gather that a name before an operand may be: `Σ x[i]`, `sum_i x[i]`; "" for others."""
    root, _, index = name.partition("_")
    return {"Σ": "sum", "Π": "prod"}.get(root) or (root if index and root in GATHERS else "")


def _more(text: str) -> bool:
    return text.endswith("1") and text[:-1].rstrip().endswith("+")


def _without_for(case: Case) -> SyntaxFault | None:
    """`sum(x[i], i in 1..3)`, `x[i] = i, i in 1..3` and `x[i] = i, i = 1..3`."""
    comma = 0 if case.kind() == "COMMA" else -2
    *start, sign = map(case.kind, range(comma, comma + 3))
    equal = sign == "ASSIGN" and "RANGE" in case.tokens.kinds[case.at :]
    if start != ["COMMA", "NAME"] or not (sign == "IN" or equal):
        return None
    if "ASSIGN" not in case.tokens.kinds[: case.at + comma]:
        return None
    before, index = case.written(comma - 1), case.written(comma + 1)
    if equal:
        meant = f"{before} for {index} in {case.written(comma + 3)}"
        return fault(_READS, case.span(comma - 1, comma + 3), mend(meant))
    return fault(_READS, case.span(comma - 1, comma), mend(f"{before} for"))


_DEEPEST = 20
"""The most brackets around a mistake that are looked into: what more enclose is longer than a hint."""

_GATHER = {name: name for name in GATHERS} | {"product": "prod"}


def _gather(case: Case) -> SyntaxFault | None:
    """`sum(i=1..3, w[i])`, `Sum(w[i], (i, 1, 3))`, `sum(for i in 1..3 w[i])`, `sum w[i] for i in 1..3`."""
    tokens = case.tokens
    name, last = _GATHER.get(case.text(-1).lower(), ""), len(tokens.kinds) - 1
    alone = case.kind() == case.kind(-1) == "NAME" and not case.opened
    if name and alone and "FOR" in tokens.kinds[case.at :] and tokens.kinds[-2] == "RANGE":
        whole, meant = tokens.span(case.at - 1, last), own(tokens, case.at, last)
        return fault(f"what {name} gathers needs brackets", whole, mend(f"{name}({meant})"))
    for opened in case.opened[-_DEEPEST:]:
        name = _GATHER.get(tokens.texts[opened - 1].lower(), "")
        if not name or tokens.kinds[opened] != "LPAR" or (close := closing(tokens, opened)) < 0:
            continue
        for pattern in _GATHERED:
            if found := pattern.fullmatch(own(tokens, opened + 1, close - 1)):
                meant = "{body} for {index} in {low}..{high}".format(**found.groupdict())
                return fault(_READS, tokens.span(opened - 1, close), mend(f"{name}({meant})"))
    return None


_ENDS = r"(?P<low>[\w+-]+)\s*(?:\.\.|,)\s*(?P<high>[\w+-]+)"
_GATHERED = (
    re.compile(rf"(?:for\s+)?(?P<index>\w+)\s*(?:=|\bin\b)\s*{_ENDS}(?:\s*,\s*|\s+)(?P<body>\S.*)"),
    re.compile(rf"(?P<body>.+?)\s*,\s*\(\s*(?P<index>\w+)\s*,\s*{_ENDS}\s*\)"),
)


RANGED: tuple[Callable[[Case], SyntaxFault | None], ...] = (_gather, _listed, _range)
