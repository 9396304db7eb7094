"""The table of rewrites: a pattern, what takes its place, and where that holds.

A row is used only if it holds wherever its pattern has a value; `where` says where the result may have
none and the pattern neither. In patterns u, v, w and c are any formulas, k is what always has a value,
numbers and names, and n a number above 0. The rows of NORMAL are what
`normal.py` does as it makes formulas, those of SHAPES what `tidy.py` does where it makes them shorter,
QUOTIENT, TEXTBOOK, RATIOS and FAR_OUT are of derivatives alone, and those of REWRITES are looked for by
`rewritten`.
`tests/test_rewrites.py` holds all rows at random points against what the interpreter computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from backprop.algebra.formula import (
    MINUS,
    ONE,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    sign_of,
    value_of,
)
from backprop.algebra.from_text import of_text, substituted
from backprop.algebra.indexed import MemberFormula
from backprop.algebra.normal import plus, power, times, without


class Rewrite(NamedTuple):
    """pattern and result are texts in the equation language; where: "" is everywhere."""

    pattern: str
    result: str
    where: str = ""


NORMAL = (
    Rewrite("u + 0", "u"),
    Rewrite("1*u", "u"),
    Rewrite("0*u", "0", "u has a value"),
    Rewrite("u + u", "2*u"),
    Rewrite("u - u", "0", "u has a value"),
    Rewrite("u + v - u", "v", "u has a value"),
    Rewrite("u*u", "u^2"),
    Rewrite("u*u^(u - 1)", "u^u", "u != 0"),
    Rewrite("u^v*u^w", "u^(v + w)", "both powers have a value"),
    Rewrite("u/u", "1", "u != 0"),
    Rewrite("u^2/u", "u", "u != 0"),
    Rewrite("(u*v)^2", "u^2*v^2"),
    Rewrite("(u*v)^-1", "1/(u*v)", "u*v != 0"),
    Rewrite("(u^3)^(1/3)", "u", "u >= 0"),
    Rewrite("sqrt(u)^2", "u", "u >= 0"),
    Rewrite("sqrt(u)*sqrt(u)", "u", "u >= 0"),
    Rewrite("u/sqrt(u)", "sqrt(u)", "u > 0"),
    Rewrite("u*v/sqrt(u*v)", "sqrt(u*v)", "u*v > 0"),
    Rewrite("sqrt(u/v)*v/u", "1/sqrt(u/v)", "u/v > 0"),
    Rewrite("sqrt(1/u)", "1/sqrt(u)", "u > 0"),
    Rewrite("u^0", "1"),
    Rewrite("u^1", "u"),
    Rewrite("exp(u)*exp(v)", "exp(u + v)"),
    Rewrite("exp(u)^v", "exp(u*v)"),
    Rewrite("1/exp(u)", "exp(-u)"),
    Rewrite("exp(0)", "1"),
    Rewrite("-(u - v)", "v - u"),
    Rewrite("-(u - 1)*v", "(1 - u)*v"),
    Rewrite("u/(v/w)", "u*w/v", "v != 0 and w != 0"),
    Rewrite("if(c, u, u)", "u"),
    Rewrite("1/2 + 1/3", "5/6"),
    Rewrite("sqrt(4)", "2"),
)

SHAPES = (
    Rewrite("if(c, u + if(c, v, w), if(c, u, v)*w)", "if(c, u + v, v*w)"),
    Rewrite("u^2*v + u^2*w", "u^2*(v + w)"),
    Rewrite("2*u + 2*v", "2*(u + v)"),
    Rewrite("u*(u + 1) + u^2", "2*u^2 + u"),
    Rewrite("1/(1 + u/v)", "v/(v + u)", "v != 0"),
    Rewrite("(u^2 - v^2)/(u - v)", "u + v", "u != v"),
    Rewrite("(u^3 + 1)/(u + 1)", "u^2 - u + 1", "u != -1"),
    Rewrite("(-u - v)/w", "-(u + v)/w", "w != 0"),
    Rewrite("u^v + u^v*log(w)", "u^v*(1 + log(w))"),
    Rewrite("(1 - u^2)^2 + 4*u^2", "(u^2 + 1)^2"),
    Rewrite("(1 + u)^2 + (1 - u)^2", "2*(1 + u^2)"),
    Rewrite("-(u - v)^2 - (u + v)^2", "-2*(u^2 + v^2)"),
    Rewrite("(u + v)^2 + (1 - u*v)^2", "(u^2 + 1)*(v^2 + 1)"),
    Rewrite("u^2 + u + 1 - (2*u + 1)^2", "-3*u*(u + 1)"),
    Rewrite("u*exp(v) - exp(v) + w", "(u - 1)*exp(v) + w"),
    Rewrite("(1/u^2 - 1)/(1/u + u)^2", "(1 - u^2)/(1 + u^2)^2", "u != 0"),
)

QUOTIENT = Rewrite("w/v - u*c/v^2", "(w*v - u*c)/v^2", "v != 0")
"""What `symbolic/chain.py` does where it makes a quotient's derivative shorter."""
SQUARE = Rewrite("w*(u^2 - 2*u*v + v^2)", "w*(u - v)^2")
"""What it does above the line of such a quotient."""

FAR_OUT = (
    Rewrite("w/(u*v^2)", "w/(u*v)/v", "u != 0 and v != 0"),
    Rewrite("w/((u + v)*(u - v))", "w/(u + v)/(u - v)", "u^2 != v^2"),
    Rewrite("w/(u^2 + v^2)", "w/hypot(u, v)/hypot(u, v)", "u != 0 or v != 0"),
    Rewrite("w*u^2/(v + u)^2", "w*(u/(v + u))^2", "u + v != 0"),
)
"""What `symbolic/far_out.py` does where that has values further out, in double precision."""

TEXTBOOK = Rewrite("w/((u + v)*(u - v))", "w/(u^2 - v^2)", "u^2 != v^2")
"""What `textbooks.py` does in formulas to read."""

RATIOS = (
    Rewrite("sin(u)/cos(u)", "tan(u)", "cos(u) != 0"),
    Rewrite("cos(u)/sin(u)", "cot(u)", "sin(u) != 0"),
    Rewrite("sinh(u)^2/cosh(u)^2", "tanh(u)^2"),
    Rewrite("cosh(u)/sinh(u)", "1/tanh(u)", "sinh(u) != 0"),
)
"""What `textbooks.py` does where no such ratio was given."""

_ODD = "sin tan csc cot asin atan sinh tanh asinh atanh erf erfinv cbrt sign"
_EVEN = "cos sec cosh sech sinc abs normpdf"

REWRITES = (
    *(Rewrite(f"{name}(-u)", f"-{name}(u)", f"{name}(u) has a value") for name in _ODD.split()),
    *(Rewrite(f"{name}(-u)", f"{name}(u)", f"{name}(u) has a value") for name in _EVEN.split()),
    Rewrite("cbrt(u)^3", "u"),
    Rewrite("cbrt(u)^6", "u^2"),
    Rewrite("u/cbrt(u)", "cbrt(u)^2", "u != 0"),
    Rewrite("u/cbrt(u)^2", "cbrt(u)", "u != 0"),
    Rewrite("u/cbrt(u)^4", "1/cbrt(u)", "u != 0"),
    Rewrite("u^2/cbrt(u)^2", "u*cbrt(u)", "u != 0"),
    Rewrite("u^2/cbrt(u)^4", "cbrt(u)^2", "u != 0"),
    Rewrite("u/cbrt(u^2)^2", "1/cbrt(u)", "u != 0"),
    Rewrite("u*sign(u)", "abs(u)"),
    Rewrite("u^2*sign(u)", "u*abs(u)"),
    Rewrite("u^3*sign(u)", "u^2*abs(u)"),
    Rewrite("abs(u)*sign(u)", "u"),
    Rewrite("abs(u)^2", "u^2"),
    Rewrite("sign(u)/abs(u)", "1/u", "u != 0"),
    Rewrite("sign(u)/u", "1/abs(u)", "u != 0"),
    Rewrite("u/abs(u)^2", "1/u", "u != 0"),
    Rewrite("log(exp(u))", "u"),
    Rewrite("exp(log(u))", "u", "u > 0"),
    Rewrite("log(1)", "0"),
    Rewrite("sin(0)", "0"),
    Rewrite("cos(0)", "1"),
    Rewrite("tan(0)", "0"),
    Rewrite("sinh(0)", "0"),
    Rewrite("cosh(0)", "1"),
    Rewrite("sech(0)", "1"),
    Rewrite("tanh(0)", "0"),
    Rewrite("u*sin(v)^2 + u*cos(v)^2", "u"),
    Rewrite("u*cosh(v)^2 - u*sinh(v)^2", "u"),
    Rewrite("u*sech(v)^2 + u*tanh(v)^2", "u"),
    Rewrite("w + w*sin(v)^2/cos(v)^2", "w/cos(v)^2", "cos(v) != 0"),
    Rewrite("w + w*cos(v)^2/sin(v)^2", "w/sin(v)^2", "sin(v) != 0"),
    Rewrite("w - w*sinh(v)^2/cosh(v)^2", "w/cosh(v)^2"),
    Rewrite("w - w*cosh(v)^2/sinh(v)^2", "-w/sinh(v)^2", "sinh(v) != 0"),
    Rewrite("w - w*sin(v)^2", "w*cos(v)^2"),
    Rewrite("w - w*cos(v)^2", "w*sin(v)^2"),
    Rewrite("w + w*sinh(v)^2", "w*cosh(v)^2"),
    Rewrite("w*cosh(v)^2 - w", "w*sinh(v)^2"),
    Rewrite("w/((1 - sin(u))*(1 + sin(u)))", "w/cos(u)^2", "cos(u) != 0"),
    Rewrite("w/((sin(u) - 1)*(1 + sin(u)))", "-w/cos(u)^2", "cos(u) != 0"),
    Rewrite("w/((1 - cos(u))*(1 + cos(u)))", "w/sin(u)^2", "sin(u) != 0"),
    Rewrite("w/((cos(u) - 1)*(1 + cos(u)))", "-w/sin(u)^2", "sin(u) != 0"),
    Rewrite("w/((1 - tanh(u))*(1 + tanh(u)))", "w/sech(u)^2", "abs(tanh(u)) < 1"),
    Rewrite("w*(1 + tan(u)^2)/tan(u)", "2*w/sin(2*u)", "tan(u) != 0"),
    Rewrite("w*(1 + cot(u)^2)/cot(u)", "2*w/sin(2*u)", "cot(u) != 0"),
    Rewrite("w*(-1 - cot(u)^2)/cot(u)", "-2*w/sin(2*u)", "cot(u) != 0"),
    Rewrite("w*(1 + tan(u)^2)/tan(u)^2", "w/sin(u)^2", "tan(u) != 0"),
    Rewrite("w*(1 + cot(u)^2)/cot(u)^2", "w/cos(u)^2", "cot(u) != 0"),
    Rewrite("w*(1 - tanh(u)^2)/tanh(u)^2", "w/sinh(u)^2", "tanh(u) != 0"),
    Rewrite("w*(tanh(u)^2 - 1)/tanh(u)^2", "-w/sinh(u)^2", "tanh(u) != 0"),
    Rewrite("w*(1 - tanh(u)^2)/tanh(u)", "2*w/sinh(2*u)", "tanh(u) != 0"),
    Rewrite("sqrt((1 - u)*(1 + u))/sqrt(1 - u^2)", "1", "abs(u) < 1"),
    Rewrite("sin(asin(u))", "u", "abs(u) <= 1"),
    Rewrite("cos(acos(u))", "u", "abs(u) <= 1"),
    Rewrite("tan(atan(u))", "u"),
    Rewrite("cos(asin(u))", "sqrt((1 - u)*(1 + u))", "abs(u) <= 1"),
    Rewrite("sin(acos(u))", "sqrt((1 - u)*(1 + u))", "abs(u) <= 1"),
    Rewrite("sinh(asinh(u))", "u"),
    Rewrite("cosh(asinh(u))", "hypot(1, u)"),
    Rewrite("cosh(acosh(u))", "u", "u >= 1"),
    Rewrite("tanh(atanh(u))", "u", "abs(u) < 1"),
    Rewrite("w*sec(u)*tan(u) + w + w*tan(u)^2", "w*sec(u)*(sec(u) + tan(u))", "sec(u) has a value"),
    Rewrite("w + w*tan(u)^2 - w*sec(u)*tan(u)", "w*sec(u)*(sec(u) - tan(u))", "sec(u) has a value"),
    Rewrite("w*csc(u)*cot(u) + w + w*cot(u)^2", "w*csc(u)*(csc(u) + cot(u))", "csc(u) has a value"),
    Rewrite("w + w*cot(u)^2 - w*cot(u)*csc(u)", "w*csc(u)*(csc(u) - cot(u))", "csc(u) has a value"),
    Rewrite("csc(u)^w/tan(u)", "csc(u)^w*cot(u)", "tan(u) != 0"),
    Rewrite("sign(exp(u))*exp(u)", "exp(u)"),
    Rewrite("sign(cosh(u))*cosh(u)", "cosh(u)"),
    Rewrite("abs(exp(u))", "exp(u)"),
    Rewrite("abs(cosh(u))", "cosh(u)"),
    Rewrite("1/abs(u)^2", "1/u^2", "u != 0"),
    Rewrite("(1 - sqrt(u))*(1 + sqrt(u))", "1 - u", "u >= 0"),
    Rewrite(
        "3*w*u^2/hypot(u, v)^5 - w/hypot(u, v)^3",
        "w*(2*u^2 - v^2)/hypot(u, v)^5",
        "u != 0 or v != 0",
    ),
    Rewrite(
        "3*w*v^2/hypot(u, v)^5 - w/hypot(u, v)^3",
        "w*(2*v^2 - u^2)/hypot(u, v)^5",
        "u != 0 or v != 0",
    ),
    Rewrite("w/hypot(u, v) - w*u^2/hypot(u, v)^3", "w*v^2/hypot(u, v)^3", "u != 0 or v != 0"),
    Rewrite("w/hypot(u, v) - w*v^2/hypot(u, v)^3", "w*u^2/hypot(u, v)^3", "u != 0 or v != 0"),
    Rewrite("w/sqrt((1 - u)*(1 + u)) - w/sqrt(1 - u^2)", "0", "abs(u) < 1"),
    Rewrite("w/(sqrt(u - 1)*sqrt(u + 1)) - w/sqrt(u^2 - 1)", "0", "u > 1"),
    Rewrite("w/hypot(1, u) - w/sqrt(u^2 + 1)", "0", "u has a value"),
    Rewrite("w/((1 - u)*(1 + u)) - w/(1 - u^2)", "0", "u^2 != 1"),
    Rewrite("u*if(c, v, 0)", "if(c, u*v, 0)", "u has a value"),
    Rewrite("u*if(c, 0, v)", "if(c, 0, u*v)", "u has a value"),
    Rewrite("if(0 >= u, 0, k*max(0, u)^n)", "k*max(0, u)^n"),
    Rewrite("if(u >= 0, k*max(u, 0)^n, 0)", "k*max(u, 0)^n"),
    Rewrite("if(0 <= u, 0, k*min(0, u)^n)", "k*min(0, u)^n", "min(0, u)^n has a value"),
    Rewrite("if(u <= 0, k*min(u, 0)^n, 0)", "k*min(u, 0)^n", "min(u, 0)^n has a value"),
    Rewrite("if(u > 0, k*relu(u)^n, 0)", "k*relu(u)^n"),
    Rewrite("if(c, u, 0) + if(c, 0, v)", "if(c, u, v)"),
    Rewrite("if(c, u, 0) + if(c, v, 0)", "if(c, u + v, 0)"),
    Rewrite("if(c, 0, u) + if(c, 0, v)", "if(c, 0, u + v)"),
)

_ANY = frozenset("uvwckn")
Bound = Mapping[str, Formula]


@cache
def _rows() -> dict[str, list[tuple[Formula, Formula]]]:
    """The rows as formulas, by what a formula must be that they fit: a call by its name."""
    found: dict[str, list[tuple[Formula, Formula]]] = {}
    for row in REWRITES:
        pattern = of_text(row.pattern)
        found.setdefault(kind(pattern), []).append((pattern, of_text(row.result)))
    return found


def kind(found: Formula) -> str:
    return found.name if isinstance(found, Call) else type(found).__name__


def rewritten(found: Formula) -> Formula | None:
    """A formula with the first row that fits it as a whole, or some of its factors or terms; None if
    none does."""
    for pattern, result in _rows().get(kind(found), ()):
        if not pattern.calls <= found.calls:
            continue
        if (
            isinstance(pattern, Sum)
            and isinstance(found, Sum)
            and len(pattern.terms) > len(found.terms)
        ):
            continue
        for bound, rest in _whole(pattern, found):
            made = substituted(result, bound)
            if rest is not None:
                made = _beside(found, made, rest)
            if made != found:
                return made
    return None


def _beside(found: Formula, made: Formula, rest: Formula) -> Formula:
    """What was made of a part of a formula, with what is left, which stays in front if it stood there."""
    if not isinstance(found, Sum):
        return times(made, rest)
    first = rest.terms[0] if isinstance(rest, Sum) else rest
    return plus(rest, made) if first == found.terms[0] else plus(made, rest)


def can_come_together(found: Formula) -> bool:
    """Whether a sum has the functions of a row in it that makes terms come together: sin and cos."""
    patterns = [pattern for pattern, _ in _rows().get("Sum", ())]
    return any(each.calls and each.calls <= found.calls for each in patterns)


def _whole(pattern: Formula, found: Formula) -> Iterator[tuple[Bound, Formula | None]]:
    """The ways in which a pattern fits a formula, or a part of a sum or a product, with what is left."""
    if isinstance(pattern, Sum) and isinstance(found, Sum):
        # those with functions fit few terms, and w alone fits all
        wanted = sorted(pattern.terms, key=lambda term: not term.calls)
        yield from _terms(tuple(wanted), found.terms, {})
    elif isinstance(pattern, Product) and isinstance(found, Product):
        yield from _factors(pattern, found, {}, True)
    else:
        for bound in _fits(pattern, found, {}):
            yield bound, None


def _fits(pattern: Formula, found: Formula, bound: Bound) -> Iterator[Bound]:
    """The ways in which a pattern fits all of a formula."""
    if isinstance(pattern, Symbol) and pattern.name in _ANY:
        before = bound.get(pattern.name)
        if pattern.name == "k" and not _is_light(found):
            return
        if pattern.name == "n" and (value_of(found) or 0) <= 0:
            return
        if before is None:
            yield {**bound, pattern.name: found}
        elif before == found:
            yield bound
    elif isinstance(pattern, Call):
        if isinstance(found, Call) and found.name == pattern.name:
            yield from _each(pattern.operands, found.operands, bound)
    elif isinstance(pattern, Product) and pattern.powers:
        if pattern.coefficient == -1 and len(pattern.powers) == 1 and _is_any(*pattern.powers[0]):
            if sign_of(found) < 0 or (
                isinstance(found, Sum) and all(sign_of(t) < 0 for t in found.terms)
            ):
                yield from _fits(pattern.powers[0][0], times(MINUS, found), bound)
            return
        target = found if isinstance(found, Product) else Product(1, [(found, ONE)])
        for each, rest in _factors(pattern, target, bound, False):
            if rest is None or rest == ONE:
                yield each
    elif isinstance(pattern, Sum):
        if isinstance(found, Sum) and len(found.terms) == len(pattern.terms):
            for each, rest in _terms(pattern.terms, found.terms, bound):
                if rest is None:
                    yield each
    elif pattern == found:
        yield bound


def _each(
    patterns: tuple[Formula, ...], found: tuple[Formula, ...], bound: Bound
) -> Iterator[Bound]:
    if not patterns:
        yield bound
        return
    for each in _fits(patterns[0], found[0], bound):
        yield from _each(patterns[1:], found[1:], each)


def _is_light(found: Formula) -> bool:
    """Whether a formula is a number times names, which has a value wherever these have one."""
    powers = found.powers if isinstance(found, Product) else ((found, ONE),)
    return all(isinstance(base, Symbol | MemberFormula) and by == ONE for base, by in powers)


def _is_any(base: Formula, by: Formula) -> bool:
    return isinstance(base, Symbol) and base.name in _ANY and by == ONE


def _factors(
    pattern: Product, found: Product, bound: Bound, part: bool
) -> Iterator[tuple[Bound, Formula | None]]:
    """The ways in which the factors of a pattern are among those of a product. A name of the pattern
    that is a factor by itself is all the others, or what it is inside another, as in `u/cbrt(u)`.
    part: whether some may be left."""
    wanted = [each for each in pattern.powers if not _is_any(*each)]
    inside = frozenset().union(*(base.names for base, _ in wanted))
    wanted += [each for each in pattern.powers if _is_any(*each) and each[0].names <= inside]
    whole = [base for base, by in pattern.powers if _is_any(base, by) and not base.names <= inside]

    def search(
        wanted: list[tuple[Formula, Formula]], left: list[tuple[Formula, Formula]], bound: Bound
    ) -> Iterator[tuple[Bound, list[tuple[Formula, Formula]]]]:
        if not wanted:
            yield bound, left
            return
        (base, by), *others = wanted
        known = bound.get(base.name) if isinstance(base, Symbol) else None
        if isinstance(known, Product) and (less := without(left, power(known, by))) is not None:
            yield from search(others, less, bound)
        for at, (other, of_other) in enumerate(left):
            for half in _fits(by, of_other, bound):
                for each in _fits(base, other, half):
                    yield from search(others, left[:at] + left[at + 1 :], each)

    for each, left in search(wanted, [*found.powers], bound):
        rest = times(
            Product(Fraction(found.coefficient) / pattern.coefficient, left, found.decimal)
        )
        if whole:
            for full in _fits(whole[0], rest, each):
                yield full, None
        elif part or rest == ONE:
            yield each, rest if rest != ONE else None


def _terms(
    wanted: tuple[Formula, ...], left: tuple[Formula, ...], bound: Bound
) -> Iterator[tuple[Bound, Formula | None]]:
    """The ways in which the terms of a pattern are among those of a sum."""
    if not wanted:
        yield bound, plus(*left) if left else None
        return
    for at, term in enumerate(left):
        for each in _fits(wanted[0], term, bound):
            yield from _terms(wanted[1:], left[:at] + left[at + 1 :], each)
