"""The steps of both passes as a list in HTML, with places for numbers, which the page fills in.

A place is an element `<mn data-v="3">`: the value of node 3; `data-g` its gradient, `data-s` the local
derivative of an edge, `data-p` what the edge adds, `data-sum` what has come to a node so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backprop.operations import OPERATIONS
from backprop.page_content import DERIVATIVE_OF, PageContent, PageShare, PageStep
from backprop.reports.explain.mathematics import Notation, in_latex
from backprop.reports.explain.mathml import pieces
from backprop.reports.page.page_parts import Markup, joined, part
from backprop.row import COMPARISON
from backprop.syntax.parser import formula

_SPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
"""Which HTML does not need."""

_PLACE = re.compile(r"<mtext>@(\w+?)(\d+)@</mtext>")


def named_rule(rule: str, texts: Mapping[str, str]) -> str:
    """What a language calls a rule of the table of operations, or several: `power rule, exponential rule`."""
    if rule.startswith(DERIVATIVE_OF):
        return texts["derivative_of"].format(name=rule.removeprefix(DERIVATIVE_OF))
    return ", ".join(texts[f"rule {each}"] for each in rule.split(", ") if each)


class DerivationList:
    """The list of one page. texts: the words of a language."""

    def __init__(self, page: PageContent, texts: Mapping[str, str]) -> None:
        self._page, self._texts = page, texts
        self._names = [node.name for node in page.nodes]
        known = {each for each in self._names if each[:1].isalpha() or each[:1] == "_"}
        self._notation: Notation = in_latex(known)
        self._output = self._names[page.output]
        self._left = {node: len(edges) for node, edges in page.used.items()}

    def lines(self) -> Iterator[Markup]:
        """The items: `f3` for the value of node 3, `start`, `b3` for what goes on from its gradient."""
        for step in self._page.steps:
            yield self._item(f"f{step.node}", self._forward(step))
        start = f"{self._by(self._page.output)} = 1"
        yield self._item("start", self._math(start))
        for step in reversed(self._page.steps):
            if step.shares:
                yield self._item(f"b{step.node}", self._backward(step))

    def formulas(self) -> dict[int, Markup]:
        """Of each step its formula alone."""
        return {step.node: self._math(self._formula(step.formula)) for step in self._page.steps}

    def _item(self, key: str, inside: Markup) -> Markup:
        return part("step", key=key, inside=inside)

    def _forward(self, step: PageStep) -> Markup:
        name = self._notation.name(self._names[step.node])
        terms = [name, self._formula(step.formula)]
        numbers = self._formula(step.formula, "v")
        if numbers != terms[-1]:
            terms.append(numbers)
        return self._math(" = ".join([*terms, _place("v", step.node)]))

    def _backward(self, step: PageStep) -> Markup:
        """What a step adds to the gradients by its operands, and sums that are whole with it."""
        rule = part("rule", rule=named_rule(step.rule, self._texts)) if step.rule else ""
        name = self._notation.name(self._names[step.node])
        head = self._math(f"{name} = {self._formula(step.formula)}")
        lines = list[Markup]()
        for share in step.shares:
            lines.append(part("share", edge=share.edge, inside=self._share(step, share)))
            self._left[share.by] -= 1
            edges = self._page.used[share.by]
            if len(edges) > 1 and not self._left[share.by]:
                parts = " + ".join(_place("p", each) for each in reversed(edges))
                whole = f"{self._by(share.by)} = {parts} = {_place('g', share.by)}"
                word, math = self._texts["together"], self._math(whole)
                lines.append(part("sum", by=share.by, word=word, whole=math))
        return part("backward", head=head, rule=rule, lines=joined(lines))

    def _share(self, step: PageStep, share: PageShare) -> Markup:
        """`∂L/∂a = ∂L/∂e · ∂e/∂a = ∂L/∂e · b = −2 · (−3) = 6`."""
        single = len(self._page.used[share.by]) == 1
        upstream, times = self._by(step.node), r" \cdot "
        terms = [] if share.use else [times.join([upstream, self._derivative(step.node, share.by)])]
        slope = self._formula(share.slope)
        if not (terms and re.fullmatch(r"-?\d+", share.slope)):  # a number stands below
            loose = re.search(r"[-+<>=]| and | or ", share.slope) and "begin{cases}" not in slope
            terms.append(times.join([upstream, rf"\left({slope}\right)" if loose else slope]))
        numbers = times.join([_place("g", step.node), _place("s", share.edge)])
        terms += [numbers, _place("p", share.edge)]
        if single:
            return self._math(" = ".join([self._by(share.by), *terms]))
        key = "explained share by use {number} of" if share.use else "explained share of"
        words = self._texts[key].format(number=share.use)
        by, math = self._math(self._by(share.by)), self._math(" = ".join(terms))
        return part("share_of", words=words, by=by, terms=math)

    def _by(self, node: int) -> str:
        return self._notation.derivative(self._output, self._names[node]).text

    def _derivative(self, of: int, by: int) -> str:
        return self._notation.derivative(self._names[of], self._names[by]).text

    def _formula(self, text: str, kind: str = "") -> str:
        """A formula in LaTeX; with a kind of numbers with places for these in place of names."""
        found = formula(text)
        places = {name: _place(kind, at) for at, name in enumerate(self._names)} if kind else {}
        text = self._notation.formula(found, places)
        root = found.shape.nodes[-1].operation
        # among equality signs it needs brackets
        compares = bool(root) and OPERATIONS[root].binding <= COMPARISON
        return self._notation.brackets.format(text) if compares else text

    def _math(self, text: str) -> Markup:
        """MathML, its places as elements."""
        from latex2mathml.converter import convert

        found = pieces(convert(text).replace("\\_", "_")).replace(_SPACE, "")
        return Markup(_PLACE.sub(lambda old: part("place", kind=old[1], number=old[2]), found))


def _place(kind: str, number: int) -> str:
    return rf"\text{{@{kind}{number}@}}"
