"""A derivation as a document: sections of numbered steps, each with lines of mathematics.

What is said stands here, so that all formats say the same; a format says how the pieces look.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite, isnan
from typing import NamedTuple

from backprop.derivation import Computed, Derivation, Passed, Share
from backprop.derivation.steps import RulePiece, RuleSteps, SymbolicDerivation
from backprop.evaluation.unrounded import is_sum
from backprop.numbers import Wide
from backprop.operations import DERIVATIVE
from backprop.reports.explain.mathematics import Notation, Term, in_latex
from backprop.reports.style import Style
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula

DIGITS = 6
"""Significant digits unless --digits says otherwise: what a person compares with a calculation."""

_FEWEST = 3
"""Digits that are written at least: `0.1` in a formula is read as exact, `0.123` as rounded."""

_MOST_SUMMED = 12
"""The most numbers that a sum is written with."""

_LONGEST_FILLED = 30
"""The most tokens of a formula that is written again with numbers in it."""


class Written(NamedTuple):
    """A step as text: its number, its equation and what its differentiation is called, "" where
    there is none, and its lines and notes."""

    number: int
    equation: str
    rule: str
    lines: list[str]

    @property
    def head(self) -> str:
        return ", ".join(part for part in (self.equation, self.rule) if part)


class Section(NamedTuple):
    """A part of a document as text. intro: a sentence, or ""; lines: stand before the steps."""

    heading: str
    intro: str
    lines: list[str]
    steps: list[Written]


class Document(ABC):
    """The document of a derivation in one format.

    hide: with blanks for everything that a student is to find. title, body: the line with the
    output and its value, and the lines of all sections.
    """

    printed = True
    """Whether products of formulas have no dots; where lines are broken at these, they have."""

    def __init__(self, found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> None:
        self.notation = self.written_in(found)
        self._hide = hide
        self._digits = max(style.digits or DIGITS, _FEWEST)
        self.style = style
        self._blank = Term(self.notation.blank)
        if isinstance(found, SymbolicDerivation):
            self.title = self._line(self._name(found.output), self._formula(found.formula))
            sections: Iterable[Section] = map(self._rules, found.parts)
        else:
            self._found = found
            self.title = self._line(self._name(found.output), self._answer(found.value))
            sections = self._sections()
        self.body = [line for part in sections for line in self.section(part)]

    def written_in(self, found: Derivation | SymbolicDerivation) -> Notation:
        """How the mathematics of a derivation is written."""
        return in_latex(_names(found), self.printed and isinstance(found, SymbolicDerivation))

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
    def section(self, part: Section) -> list[str]:
        """The lines of a section."""

    def _sections(self) -> Iterator[Section]:
        found = self._found
        constants = set(found.declared.get("constants", found.given))
        for heading, own in (("Given", True), ("Inputs", False)):
            given = [item for item in found.given.items() if (item[0] in constants) == own]
            lines = [self._line(self._name(name), self._number(value)) for name, value in given]
            if lines:
                yield Section(heading, "", lines, [])
        if found.forward:
            steps = [Written(step.number, "", "", [self._computed(step)]) for step in found.forward]
            yield Section("Forward pass", "Every value, from the inputs on.", [], steps)
        if found.start:
            start = [self._line(self._whole(found.output), self._answer(1.0))]
            steps = [Written(found.start, "", self.rule("the start"), start)]
            steps += map(self._passed, found.backward)
            intro = (
                "From the output back: the gradient by a name is the gradient by the equation that uses"
                " it, times the derivative of that equation by the name."
            )
            yield Section("Backward pass", intro, [], steps)
        for name in found.paths:
            yield Section(self.words(f"Paths from {name}"), "", self._paths(name), [])

    def _rules(self, found: RuleSteps) -> Section:
        """How a derivative comes about, rule by rule."""
        steps = []
        for step in found.steps:
            lines = [] if self._hide or not step.law else [self.words(step.law)]
            lines += [self._piece(piece, found.by) for piece in step.pieces]
            simple = self._formula(step.derivative)
            if step.put and (put := self._formula(step.put)).text != simple.text:
                lines.append(f"{self.words('put in')}: {self.displayed(self._hidden(put).text)}")
            answer = self.displayed(self._hidden(simple).text)
            whole = f"{self.words('derivative')}: {answer}"
            rule = "" if self._hide else self.rule(step.rule)
            equation = self.displayed(self._formula(step.formula).text)
            steps.append(Written(step.number, equation, rule, [*lines, whole]))
        result = self.displayed(self._hidden(self._formula(found.derivative)).text)
        lines = [f"{self.words('result')}: {result}"]
        return Section(self.words(found.title), "", lines, steps)

    def _piece(self, piece: RulePiece, by: str) -> str:
        """`u = x^2, by x: 2·x (power rule)`."""
        formula = self._formula(piece.formula)
        own = self.displayed(formula.text)
        if piece.name:
            own = f"{self.words(piece.name)} = {own}"
        answer = self.displayed(self._hidden(self._formula(piece.derivative)).text)
        how = "" if self._hide else f" ({self.words(piece.how)})"
        return f"{own}, {self.words('by ' + piece.by)}: {answer}{how}"

    def _computed(self, step: Computed) -> str:
        """`e = a·b = 2·(−3) = −6`."""
        terms = [self._name(step.name)]
        if step.equation:
            terms.append(self._formula(step.equation))
            if step.expanded:  # it tells which branch is taken
                terms.append(self._hidden(self._formula(step.expanded)))
            terms += self._filled(step.expanded or step.equation)
        return self._line(*terms, self._answer(step.value))

    def _passed(self, step: Passed) -> Written:
        """The step of an equation in the backward pass."""
        lines = [line for share in step.shares for line in self._share(step, share)]
        lines += [self._together(total.by, total.shares, total.total) for total in step.totals]
        rules, notes = ((), ()) if self._hide else (step.rules, step.notes)
        lines += map(self.note, notes)
        rule = self.rule(", ".join(rules)) if rules else ""
        equation = [self._formula(step.equation)] if step.equation else []
        return Written(step.number, self._line(self._name(step.name), *equation), rule, lines)

    def _together(self, name: str, parts: Sequence[float], total: float) -> str:
        """`together: ∂L/∂a = 6 + 4 = 10`; the sum is left out where it has too many parts, or one."""
        whole = self._whole(name)
        sums = self.notation.joined(" + ", map(self._answer, parts))
        adds_up = isfinite(sum(parts)) or not isfinite(total)
        adds_up = adds_up and is_sum(parts, total)
        terms = [whole, sums] if 1 < len(parts) <= _MOST_SUMMED and adds_up else [whole]
        return self._line(*terms, self._gradient(total), lead="together")

    def _whole(self, name: str) -> Term:
        """`∂L/∂a`, the gradient of the output by a name."""
        return self.notation.derivative(self._found.output, name)

    def _share(self, step: Passed, share: Share) -> list[str]:
        """`∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e · b = −2 · (−3) = 6`."""
        own = step.name == self._found.output
        simple = _is_simple(share.formula)
        shown: list[Term] = []
        if share.formula and not _is_number(share.formula):
            shown.append(self._hidden(self._formula(share.formula)))
            if not simple and (share.is_product or not own):
                shown += self._filled(share.formula)
        elif self._hide and not own:
            shown.append(self._blank)
        if own:
            return [self._shared(share, *shown, self._gradient(share.product, share.single))]
        slope = self._answer(share.local)
        lines = []
        upstream = self._whole(step.name)
        local = self.notation.derivative(step.name, share.by)
        factor = self._formula(share.formula) if share.formula else slope
        # of two uses in one operation neither has the whole ∂y/∂x
        middle = [] if share.use else [self._product(upstream, local)]
        if share.formula and not simple:
            lines.append(self._part(local, share, not share.whole, *shown, slope))
        if share.use or (simple and not self._hide and not _is_number(share.formula)):
            middle.append(self._product(upstream, self._hidden(factor)))
        middle.append(self._product(self._answer(share.upstream), slope))
        if not share.is_product:  # then a note says what was done
            middle = middle[:-1] if isnan(share.product) else []
        product = self._gradient(share.product, share.single)
        return [*lines, self._shared(share, *middle, product)]

    def _shared(self, share: Share, *terms: Term) -> str:
        return self._part(self._whole(share.by), share, not share.single, *terms)

    def _part(self, whole: Term, share: Share, shared: bool, *terms: Term) -> str:
        """What is equal to a derivative, or to a share of it."""
        if not shared:
            return self._line(whole, *terms)
        use = f" by use {share.use}" if share.use else ""
        return self._line(*terms, lead=f"share{use} of", of=whole)

    def _paths(self, name: str) -> list[str]:
        """One line a path with its product, and their sum."""
        lines = []
        for way in self._found.paths[name]:
            partials = [self.notation.derivative(user, used) for used, user in pairwise(way.names)]
            terms = [self._product(*partials)] if partials else []
            if len(way.factors) != 1:
                terms.append(self._product(*map(self._answer, way.factors or (1.0,))))
            lines.append(self._line(*terms, self._answer(way.product), lead=" → ".join(way.names)))
        products = [way.product for way in self._found.paths[name]]
        return [*lines, self._together(name, products, self._found.gradients[name])]

    def _line(self, *terms: Term, lead: str = "", of: Term | None = None) -> str:
        """Terms that are equal. lead, of: words and a term that stand before them."""
        lead = self.words(lead) + (f" {self.displayed(of.text)}" if of else "")
        texts = [term.text for term in terms]
        # a number is said once, and not as `u = 0 = 0`; blanks may be several
        once = [
            text
            for text, before in zip(texts, ["", *texts], strict=False)
            if text != before or text == self._blank.text
        ]
        equal = self.displayed(" = ".join(once))
        return f"{lead}: {equal}" if lead else equal

    def _name(self, text: str) -> Term:
        return Term(self.notation.name(text))

    def _number(self, value: float) -> Term:
        negative = value < 0 or (isinstance(value, Wide) and value.exact < 0)
        return Term(self.notation.number(value, self._digits), negative)

    def _answer(self, value: float) -> Term:
        return self._hidden(self._number(value))

    def _gradient(self, value: float, whole: bool = True) -> Term:
        """A gradient, and what `grad` prints for it where no double holds it. whole: or a share."""
        found, double = self._number(value), self._number(float(value))
        if whole and found.text != double.text:
            found = Term(found.text + self.notation.aside.format(double.text))
        return self._hidden(found)

    def _hidden(self, term: Term) -> Term:
        """A term that a student is to find."""
        return self._blank if self._hide else term

    def _formula(self, text: str, numbers: Mapping[str, float] | None = None) -> Term:
        return self.notation.filled(text, numbers or {}, self._digits)

    def _product(self, *factors: Term) -> Term:
        return self.notation.joined(self.notation.times, factors)

    def _filled(self, text: str) -> list[Term]:
        """The formula with numbers for its names, if that says more than the result."""
        found, data = formula(text), self._found.data
        numbers = {name: data[name] for name in names_in(found) if name in data}
        alone = len(found.shape.nodes) == 1 or found.shape.nodes[-1].kind == "index"
        if not numbers or alone or len(found.tokens.kinds) > _LONGEST_FILLED:
            return []
        if any(map(isnan, numbers.values())):  # of a branch that is not taken
            return []
        if DERIVATIVE in found.tokens.texts:  # which is by a name, and not by a number
            return []
        return [self._hidden(self._formula(text, numbers))]


def _names(found: Derivation | SymbolicDerivation) -> set[str]:
    """All names that a derivation has, those that formulas as the person wrote them have included."""
    if isinstance(found, SymbolicDerivation):
        pieces = [piece for part in found.parts for step in part.steps for piece in step.pieces]
        return {found.output, *names_in(formula(found.formula))}.union(
            *(names_in(formula(piece.formula)) for piece in pieces)
        )
    steps = found.forward, found.backward
    texts = {step.equation for each in steps for step in each}
    texts |= {step.expanded for step in found.forward}
    texts |= {share.formula for step in found.backward for share in step.shares}
    return {*found.data}.union(*(names_in(formula(text)) for text in texts if text))


def _is_simple(text: str) -> bool:
    """Whether a formula is a name or a number, with its sign."""
    nodes = formula(text).shape.nodes if text else ()
    return not nodes or nodes[-1 - (nodes[-1].operation == "neg")].kind in (
        "name",
        "index",
        "number",
    )


def _is_number(text: str) -> bool:
    """Whether there is no name in a formula, or no formula."""
    nodes = formula(text).shape.nodes if text else ()
    return len(nodes) <= 3 and all(node.kind not in ("name", "index") for node in nodes)
