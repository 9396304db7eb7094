"""How mathematics is written: as a line of plain text, and in LaTeX."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from backprop.numbers import IN_DOUBLES, shown
from backprop.numbers import printed as as_text
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON, SIGN, SUM
from backprop.syntax.latex import latex, latex_number
from backprop.syntax.latex_names import Naming
from backprop.syntax.latex_products import as_printed
from backprop.syntax.notation import typographic
from backprop.syntax.parser import Statement, formula


class Term(NamedTuple):
    """A part of a line. loose: whether it needs brackets behind the sign of a product or a sum."""

    text: str
    loose: bool = False


class Notation(NamedTuple):
    """A way to write names, numbers and formulas, and what they are joined to.

    fraction, brackets: with `{}` for what goes into them. blank: what a student is to fill in.
    aside: with `{}` for what a number is in doubles.
    """

    name: Callable[[str], str]
    number: Callable[[float, int], str]
    formula: Callable[[Statement, Mapping[str, str]], str]
    fraction: str
    times: str
    brackets: str
    blank: str
    aside: str

    def derivative(self, of: str, by: str) -> Term:
        """`∂of/∂by`."""
        return Term(self.fraction.format(self.name(of), self.name(by)))

    def filled(self, text: str, numbers: Mapping[str, float], digits: int) -> Term:
        """A formula of the equation language with numbers for these of its names."""
        found = formula(text)
        root = found.shape.nodes[-1]
        names = {name: self.number(value, digits) for name, value in numbers.items()}
        written = self.formula(found, names)
        if not root.operation:
            return Term(written)
        binding = OPERATIONS[root.operation].binding
        if binding <= COMPARISON:  # among equality signs it needs brackets everywhere
            return Term(self.brackets.format(written))
        return Term(written, binding in (SUM, SIGN) or written[0] in "-−")

    def joined(self, sign: str, terms: Iterable[Term]) -> Term:
        """A product or a sum."""
        texts = [
            self.brackets.format(term.text) if term.loose and at else term.text
            for at, term in enumerate(terms)
        ]
        return Term(sign.join(texts))


TEXT = Notation(
    str, partial(as_text, zeros=True), typographic, "∂{}/∂{}", " · ", "({})", "____",
    f" ({{}} {IN_DOUBLES})",
)  # fmt: skip


def in_latex(names: Iterable[str], printed: bool = False) -> Notation:
    """LaTeX for a document with these names, no two of which look alike. printed: with products as
    papers have them, without dots; that is for formulas without numbers in the place of names."""
    naming = Naming(names)

    def written(statement: Statement, numbers: Mapping[str, str]) -> str:
        text = latex(statement, numbers, naming)
        return as_printed(text) if printed else text

    return Notation(
        naming.name,
        lambda value, digits: latex_number(shown(value, digits, zeros=True)),
        written,
        r"\frac{{\partial {}}}{{\partial {}}}", r" \cdot ", r"\left({}\right)",
        r"\underline{\hspace{3em}}", rf"\ ({{}}\text{{{{ {IN_DOUBLES}}}}})",
    )  # fmt: skip
