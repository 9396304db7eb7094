"""What formulas keep of those that were given, and what they have as textbooks do: `tan(x)` for
`sin(x)/cos(x)`, and differences of squares."""

from __future__ import annotations

from collections.abc import Container, Iterator

from backprop.algebra.formula import Call, Formula, Product, Sum, sign_of, value_of
from backprop.algebra.from_text import rebuilt
from backprop.algebra.normal import plus, power, times
from backprop.algebra.tidy import Simplified, simplified


def keep_given(given: Formula, known: Simplified) -> None:
    """Keeps what stands in functions and exponents of a formula as a person wrote it, where another shape
    is no shorter: `sin((2*x + 1)/2)`. known: what `simplified` makes of formulas. Raises TooLong."""
    waiting, seen = [given], set[Formula]()
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        waiting += part.parts
        inside = list[Formula]()
        if isinstance(part, Call):
            inside += part.operands
        elif isinstance(part, Product):
            inside += [by for _, by in part.powers]
        for each in inside:
            if isinstance(each, Sum | Product) and value_of(each) is None:
                made = simplified(each, known)
                if made.text() != each.text() and made.cost >= each.cost:
                    known[each] = each


def as_squares(found: Formula) -> Formula:
    """A formula with differences of squares below its lines: `1/(1 - x^2)` for `1/((1 + x)*(1 - x))`."""
    if not isinstance(found, Product | Sum | Call) or not found.parts:
        return found
    made = rebuilt(found, as_squares)
    if not isinstance(made, Product):
        return made
    for at, (base, by) in enumerate(made.powers):
        if (value_of(by) or 0) >= 0 or not isinstance(base, Sum) or len(base.terms) != 2:
            continue
        for other, of_other in made.powers[at + 1 :]:
            if of_other == by and (square := _difference(base, other)) is not None:
                rest = [each for each in made.powers if each[0] not in (base, other)]
                whole = times(Product(made.coefficient, rest, made.decimal), power(square, by))
                return whole if whole.cost < made.cost else made
    return made


_RATIOS = {
    ("sin", "cos"): ("tan", 1), ("cos", "sin"): ("cot", 1), ("sinh", "cosh"): ("tanh", 1),
    ("cosh", "sinh"): ("tanh", -1),
}  # fmt: skip
"""Functions of the same, one over the other: whose power that is, and which."""


def with_ratios(found: Formula, given: Formula) -> Formula:
    """A formula with `tan(u)` in the place of `sin(u)/cos(u)`, if no such ratio was given."""
    if not any({*each} <= found.calls for each in _RATIOS) or _has_ratio(given):
        return found

    def changed(part: Formula) -> Formula:
        if not part.parts or not any({*each} <= part.calls for each in _RATIOS):
            return part
        made = rebuilt(part, changed)
        for base, by, other in _ratios(made):
            assert isinstance(made, Product)
            rest = [each for each in made.powers if each[0] not in (base, other)]
            name, sign = _RATIOS[base.name, other.name]
            ratio = power(Call(name, base.operands), times(Product(sign), by))
            return changed(times(Product(made.coefficient, rest, made.decimal), ratio))
        return made

    return changed(found)


def _has_ratio(given: Formula) -> bool:
    waiting, seen = [given], set[Formula]()
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen.add(part)
            waiting += part.parts
            if any(True for _ in _ratios(part)):
                return True
    return False


def _ratios(found: Formula) -> Iterator[tuple[Call, Formula, Call]]:
    """The functions of a product whose ratio has a name of its own, with their exponent."""
    if not isinstance(found, Product):
        return
    for base, by in found.powers:
        if isinstance(base, Call) and (value_of(by) or 0) > 0:
            for other, of_other in found.powers:
                if (
                    isinstance(other, Call)
                    and other.operands == base.operands
                    and (base.name, other.name) in _RATIOS
                    and value_of(of_other) == -(value_of(by) or 0)
                ):
                    yield base, by, other


def with_lines(found: Formula, divisors: Container[Formula]) -> Formula:
    """A formula with powers below its lines whose exponents have names: `-n/x^(n + 1)` for
    `-n*x^(-n - 1)`. divisors: the bases of such powers by which what was given is divided; x^(-n) has a
    value at 0 that 1/x^n has not."""
    if not found.parts:
        return found
    made = rebuilt(found, lambda part: with_lines(part, divisors))
    if not isinstance(made, Product):
        return made
    powers = list[tuple[Formula, Formula]]()
    for base, by in made.powers:
        if (
            base in divisors
            and value_of(by) is None
            and all(sign_of(each) < 0 for each in _terms(by))
        ):
            under = Call("copy", [power(base, times(Product(-1), by))])
            powers.append((under, Product(-1)))
        else:
            powers.append((base, by))
    if made.powers == (*powers,):
        return made
    powers.sort(key=lambda each: isinstance(each[0], Call) and each[0].name == "copy")
    return Product(made.coefficient, powers, made.decimal)


def _terms(found: Formula) -> tuple[Formula, ...]:
    return found.terms if isinstance(found, Sum) else (found,)


def _difference(one: Sum, other: Formula) -> Formula | None:
    """`u^2 - v^2` of `u + v` and `u - v`; None of others."""
    if not isinstance(other, Sum) or len(other.terms) != 2:
        return None
    first, second = one.terms
    if {first, times(Product(-1), second)} == {*other.terms}:
        above, below = first, second
    elif {second, times(Product(-1), first)} == {*other.terms}:
        above, below = second, first
    else:
        return None
    return plus(power(above, Product(2)), times(Product(-1), power(below, Product(2))))
