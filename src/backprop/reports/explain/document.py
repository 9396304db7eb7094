"""A derivation as a document: sections of numbered steps, each with lines of mathematics.

The formats only write what stands here, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Union

from backprop.derivation import Computed, Derivation, Passed, Share
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula

_MOST_SUMMED = 12
"""The most numbers that a sum is written with."""

_LONGEST_FILLED = 30
"""The most tokens of a formula that is written again with numbers in it."""


class Partial(NamedTuple):
    """∂of/∂by."""

    of: str
    by: str


class Name(NamedTuple):
    """A name."""

    text: str


class Formula(NamedTuple):
    """A formula of the equation language; with `numbers`, these stand for its names."""

    text: str
    numbers: Mapping[str, float] | None = None


class Number(NamedTuple):
    """A number."""

    value: float


class Blank(NamedTuple):
    """What a student is to find."""


class Row(NamedTuple):
    """Parts joined by a sign: `*` or `+`."""

    sign: str
    parts: tuple[Part, ...]


Part = Union[Partial, Name, Formula, Number, Blank, "Row"]


class Line(NamedTuple):
    """Parts that are equal. lead: what stands before them, in words and names."""

    parts: tuple[Part, ...]
    lead: str = ""
    lead_part: Part | None = None


class Block(NamedTuple):
    """A step. title: its equation; rule: what its differentiation is called."""

    number: int
    title: Line | None
    rule: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


class Section(NamedTuple):
    """A part of the document. lines: before the steps."""

    heading: str
    intro: str
    lines: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()


class Document(NamedTuple):
    """title: the output and its value."""

    output: str
    title: Line
    sections: tuple[Section, ...]


def document(found: Derivation, hide: bool = False) -> Document:
    """The document of a derivation; hide: with blanks for everything that a student is to find."""
    writing = _Writing(found, hide)
    sections = []
    if found.given:
        given = tuple(Line((Name(each.name), Number(each.value))) for each in found.given)
        sections.append(Section("Given", "", given))
    if found.forward:
        blocks = tuple(
            Block(step.number, None, "", (writing.computed(step),)) for step in found.forward
        )
        sections.append(Section("Forward pass", "Every value, from the inputs on.", (), blocks))
    if found.start:
        start = Line((Partial(found.output, found.output), writing.answer(1.0)))
        blocks = (
            Block(found.start, None, "the start", (start,)),
            *(writing.passed(step) for step in found.backward),
        )
        intro = (
            "From the output back: the gradient by a name is the gradient by the equation that uses"
            " it, times the derivative of that equation by the name."
        )
        sections.append(Section("Backward pass", intro, (), blocks))
    sections += [Section(f"Paths from {name}", "", writing.paths(name)) for name in found.paths]
    value = Line((Name(found.output), writing.answer(found.value)))
    return Document(found.output, value, tuple(sections))


class _Writing:
    """The lines of the steps of one derivation."""

    def __init__(self, found: Derivation, hide: bool) -> None:
        self.found = found
        self.hide = hide

    def answer(self, value: float) -> Part:
        return Blank() if self.hide else Number(value)

    def computed(self, step: Computed) -> Line:
        """`e = a·b = 2·(−3) = −6`."""
        parts: list[Part] = [Name(step.name)]
        if step.equation:
            parts.append(Formula(step.equation))
            if step.expanded:  # it tells which branch is taken
                parts.append(Blank() if self.hide else Formula(step.expanded))
            parts += self._filled(step.expanded or step.equation)
        return Line((*parts, self.answer(step.value)))

    def passed(self, step: Passed) -> Block:
        """The block of an equation in the backward pass."""
        lines: list[Line] = []
        for share in step.shares:
            lines += self._share(step, share)
        for total in step.totals:
            shares = tuple(self.answer(each) for each in total.shares)
            parts = [Row("+", shares)] if len(shares) <= _MOST_SUMMED else []
            name = Partial(self.found.output, total.by)
            lines.append(Line((name, *parts, self.answer(total.total)), "together"))
        equation = (Formula(step.equation),) if step.equation else ()
        rule = "" if self.hide else ", ".join(step.rules)
        title = Line((Name(step.name), *equation))
        return Block(step.number, title, rule, tuple(lines), () if self.hide else step.notes)

    def _share(self, step: Passed, share: Share) -> list[Line]:
        """`∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e · b = −2 · (−3) = 6`."""
        output = self.found.output
        whole, local = Partial(output, share.by), Partial(step.name, share.by)
        own = step.name == output
        simple = _is_simple(share.formula)
        shown: list[Part] = []
        if share.formula and not _is_number(share.formula):
            shown.append(Blank() if self.hide else Formula(share.formula))
            if not simple:
                shown += self._filled(share.formula)
        elif self.hide and not own:
            shown.append(Blank())
        if own:
            return [self._line(share, whole, [*shown, self.answer(share.local)])]
        lines = []
        upstream = Partial(output, step.name)
        # of two uses in one operation neither has the whole ∂y/∂x
        middle: list[Part] = [] if share.use else [Row("*", (upstream, local))]
        if share.formula and not simple:
            slope = (*shown, self.answer(share.local))
            by_use = Line(slope, f"slope by use {share.use}")
            lines.append(by_use if share.use else Line((local, *slope)))
        elif share.formula and not _is_number(share.formula) and not self.hide:
            middle.append(Row("*", (upstream, Formula(share.formula))))
        middle.append(Row("*", (self.answer(share.upstream), self.answer(share.local))))
        return [*lines, self._line(share, whole, [*middle, self.answer(share.product)])]

    def _line(self, share: Share, whole: Partial, parts: Sequence[Part]) -> Line:
        if share.single:
            return Line((whole, *parts))
        use = f" by use {share.use}" if share.use else ""
        return Line(tuple(parts), f"share{use} of", whole)

    def paths(self, name: str) -> tuple[Line, ...]:
        """One line a path with its product, and their sum."""
        lines = []
        products = []
        for way in self.found.paths[name]:
            pairs = zip(way.names, way.names[1:], strict=False)
            partials: tuple[Part, ...] = tuple(Partial(user, used) for used, user in pairs)
            factors = tuple(self.answer(factor) for factor in way.factors)
            parts: list[Part] = [Row("*", partials)] if partials else []
            if len(factors) != 1:
                parts.append(Row("*", factors) if factors else self.answer(1.0))
            products.append(way.product)
            lines.append(Line((*parts, self.answer(way.product)), " → ".join(way.names)))
        total = sum(products) if products else 0.0
        sums = (
            (Row("+", tuple(self.answer(each) for each in products)),) if len(products) > 1 else ()
        )
        whole = Partial(self.found.output, name)
        lines.append(Line((whole, *sums, self.answer(total)), "together"))
        return tuple(lines)

    def _filled(self, text: str) -> list[Part]:
        """The formula with numbers for its names, if that says more than the result."""
        tokens = formula(text).tokens
        data = self.found.data
        names = {name for name in names_in(formula(text)) if name in data}
        if not names or len(tokens.kinds) > _LONGEST_FILLED or len(tokens.kinds) == 1:
            return []
        if self.hide:
            return [Blank()]
        return [Formula(text, {name: data[name] for name in names})]


def _is_simple(text: str) -> bool:
    """Whether a formula is a name or a number, with its sign."""
    return not text or len(formula(text).shape.nodes) <= (2 if text[0] == "-" else 1)


def _is_number(text: str) -> bool:
    nodes = formula(text).shape.nodes if text else ()
    return bool(nodes) and all(node.kind != "name" for node in nodes) and len(nodes) <= 3
