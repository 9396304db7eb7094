"""What the formats of documents have in common: lines of mathematics, and the way through a document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from backprop.derivation import Derivation
from backprop.numbers import printed, shown
from backprop.operations import COMPARISON, OPERATIONS, SIGN, SUM
from backprop.reports.explain.document import (
    Blank,
    Formula,
    Line,
    Name,
    Number,
    Part,
    Partial,
    document,
)
from backprop.reports.numbers import Style
from backprop.syntax.latex import latex, latex_name, latex_number
from backprop.syntax.notation import typographic
from backprop.syntax.parser import Statement, formula

DIGITS = 6
"""Significant digits unless --digits says otherwise: what a person compares with a calculation."""


class Notation(NamedTuple):
    """How the parts of a line are written. partial, brackets: with `{}` for what goes into them."""

    name: Callable[[str], str]
    number: Callable[[float, int], str]
    formula: Callable[[Statement, Mapping[str, str]], str]
    partial: str
    times: str
    brackets: str
    minus: str
    blank: str

    def line(self, parts: Sequence[Part], digits: int) -> str:
        """Parts that are equal: `∂L/∂a = ∂L/∂e · b = −2 · (−3) = 6`."""
        return " = ".join(self.part(part, digits) for part in parts)

    def part(self, part: Part, digits: int, factor: bool = False) -> str:
        """factor: whether it stands behind a sign, where what is negative needs brackets."""
        if isinstance(part, Partial):
            return self.partial.format(self.name(part.of), self.name(part.by))
        if isinstance(part, Name):
            return self.name(part.text)
        if isinstance(part, Blank):
            return self.blank
        if isinstance(part, Number):
            text = self.number(part.value, digits)
            return self.brackets.format(text) if factor and text[0] == self.minus else text
        if isinstance(part, Formula):
            numbers = {
                name: self.number(value, digits) for name, value in (part.numbers or {}).items()
            }
            text = self.formula(formula(part.text), numbers)
            return self.brackets.format(text) if _is_loose(part.text, factor) else text
        sign = self.times if part.sign == "*" else " + "
        return sign.join(self.part(each, digits, at > 0) for at, each in enumerate(part.parts))


TEXT = Notation(str, printed, typographic, "∂{}/∂{}", " · ", "({})", "−", "____")
LATEX = Notation(
    latex_name,
    lambda value, digits: latex_number(shown(value, digits)),
    latex,
    r"\frac{{\partial {}}}{{\partial {}}}",
    r" \cdot ",
    r"\left({}\right)",
    "-",
    r"\underline{\hspace{3em}}",
)


def _is_loose(text: str, factor: bool) -> bool:
    """Whether a formula needs brackets: as a factor a sum, a difference, something negative; between
    equality signs a comparison or a condition."""
    root = formula(text).shape.nodes[-1]
    if not root.operation or root.operation == "if":
        return False
    binding = OPERATIONS[root.operation].binding
    return binding <= COMPARISON or (factor and binding in (SUM, SIGN))


class Step(NamedTuple):
    """A block as text: its number, its equation and what its differentiation is called, or "" for
    each; then its lines and notes."""

    number: int
    equation: str
    rule: str
    lines: list[str]

    @property
    def head(self) -> str:
        return ", ".join(part for part in (self.equation, self.rule) if part)


class Passage(NamedTuple):
    """A section as text. intro: a sentence, or ""; lines: stand before the steps."""

    heading: str
    intro: str
    lines: list[str]
    steps: list[Step]


class Writer(ABC):
    """The way through a document; a format says how the pieces look.

    title, body: the text of the title, and the lines of all sections.
    """

    notation = LATEX

    def __init__(self, found: Derivation, style: Style, hide: bool) -> None:
        whole = document(found, hide)
        self._digits = style.digits or DIGITS
        self.title = self.line(whole.title)
        self.body: list[str] = []
        for section in whole.sections:
            steps = [
                Step(
                    block.number,
                    self.line(block.title) if block.title is not None else "",
                    self.rule(block.rule) if block.rule else "",
                    [*map(self.line, block.lines), *map(self.note, block.notes)],
                )
                for block in section.blocks
            ]
            heading, intro = self.words(section.heading), self.words(section.intro)
            lines = [self.line(line) for line in section.lines]
            self.body += self.section(Passage(heading, intro, lines, steps))

    def line(self, line: Line) -> str:
        """A line of mathematics with the words before it."""
        lead = self.words(line.lead)
        if line.lead_part is not None:
            lead += f" {self.formula(self.notation.part(line.lead_part, self._digits))}"
        formula = self.displayed(self.notation.line(line.parts, self._digits))
        return f"{lead}: {formula}" if lead else formula

    def words(self, text: str) -> str:
        """A text without mathematics."""
        return text

    def formula(self, text: str) -> str:
        """A formula among words."""
        return f"${text}$"

    def displayed(self, text: str) -> str:
        """A formula on a line of its own."""
        return self.formula(text)

    def rule(self, text: str) -> str:
        """What a differentiation is called."""
        return self.words(text)

    @abstractmethod
    def note(self, text: str) -> str:
        """A sentence below a step."""

    @abstractmethod
    def section(self, part: Passage) -> list[str]:
        """The lines of a section."""
