"""What to say of small digits where no name takes them: `x'₁`, `101₂`."""

from contextlib import suppress

from backprop.errors import SyntaxFault, mend
from backprop.syntax.case import Case, fault

_DIGITS = "₀₁₂₃₄₅₆₇₈₉"
_PLAIN = str.maketrans(_DIGITS, "0123456789")


def subscript(case: Case) -> SyntaxFault | None:
    """Small digits behind the primes of a name, or behind a number."""
    small, before = case.text(), case.text(-1)
    bare = before.rstrip("'")
    if case.kind() == "NUMBER" and case.touching() and bare != before and small.isdecimal():
        hints = (
            f"for a name write {bare}{small}{before[len(bare) :]}",
            f"for a product {before}*{small}",
        )
        return fault("digits stand before the primes of a name", case.span(-1), *hints)
    if case.kind() != "NAME" or not case.touching() or small.strip(_DIGITS):
        return None
    both, name = case.span(-1), before.rstrip("'")
    if case.kind(-1) == "NAME" and name != before:
        meant = mend(name + small + before[len(name) :])
        return fault("small digits stand before the primes of a name", both, meant)
    if case.kind(-1) != "NUMBER":
        return None
    with suppress(ValueError):
        base = int(small.translate(_PLAIN))
        if 1 < base < 17:  # 0 and 1 are no bases
            number = int(before, base)
            return fault("numbers are decimal", both, mend(str(number)))
    return fault("small digits belong to a name", both, f"for a product write {before}*x{small}")
