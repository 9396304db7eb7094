"""From a Model's numbers at a point to the steps of the chain rule."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import isfinite, isnan

from backprop.algebra.formula import Formula, written
from backprop.derivation.rule_names import RuleNames
from backprop.derivation.steps import AllMembers, Computed, Derivation, Passed, Share, Total
from backprop.derivation.too_much import MOST, too_many
from backprop.engine.writers.formulas import Formulas
from backprop.evaluation.decided import by_values
from backprop.evaluation.gradient import Evaluation, partials
from backprop.evaluation.sides import AGREED
from backprop.evaluation.unrounded import Unrounded, times
from backprop.graph import Graph, in_order
from backprop.language import Model
from backprop.language.named_steps import named_steps
from backprop.names import by_name, meant
from backprop.numbers import exact, few, shown
from backprop.operations import CONSTANTS, DERIVATIVE, OPERATIONS
from backprop.syntax import functions
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula
from backprop.values import having_say, local_slopes

_BY_VALUES = "0 times an infinite slope may be anything: the derivative is what values give"
_ZERO = "0 times an infinite slope: what is 0 has no say in this, or values give 0"

_LOST = "a value here is too small for a double: the derivative is what more digits give"

_UNDECIDED = "0 times a slope that is infinite or nan may be anything, and values give none either"

_TOGETHER = "0 times an infinite slope may be anything: only together they have a value"

_CANCELLED = "doubles lose the sum to rounding: it is computed with more digits"

_INDICES = re.compile(r"\[(\d[-+*\d\s,]*)\]")
_SHORT = re.compile(rf"\[|\b{DERIVATIVE}\b")
"""What stands in a text that is short for other formulas."""

_LONG = 200
"""The longest formula that is written; of a longer one only the number is."""


def derivation(
    model: Model,
    found: Evaluation,
    detail: str = "equations",
    only: Sequence[str] = (),
    steps: str = "both",
    whole: bool = False,
    members: AllMembers | None = None,
    row: bool | Collection[str] = False,
) -> Derivation:
    """The derivation of a gradient.

    detail: `equations`, each as a whole, or `operations`, each with a name v1, v2, … of its own, or
    u1, … where the file has names like these. only: the names whose steps are wanted. steps:
    `forward`, `backward` or `both`. whole: explain even what is large. members: of the equations
    of a few members alone, `only` names, what is known of all others. row: whether `only` names a row of
    data, or which of its names are of one, of which all shares are shown. Raises TooLarge.
    """
    writing = _Writing(model, found, detail == "operations", members)
    gradient, graph = found.gradient, writing.graph
    numbers: Mapping[str, float] = writing.numbers
    nodes = [*filter(graph.is_step, graph.labels)]
    at = {node: number for number, node in enumerate(nodes, 1)}
    if members:
        at = {node: 1 + members.rank(graph.label(node)) for node in nodes}
        nodes.sort(key=at.__getitem__)
        numbers = members.numbers
        writing.wanted = {*only}
    elif only:
        names = sorted(numbers, key=lambda name: name not in model.names)  # those of the file first
        writing.wanted = {*meant(only, names, f"what leads to {gradient.output}")}
    elif len(nodes) > MOST and not whole:
        raise too_many(model, gradient.output, len(nodes))
    writing.row = {*writing.wanted} if row is True else {*(row or ())}
    forward = [
        Computed(at[node], graph.label(node), *writing.equation(node), writing.data[node])
        for node in nodes
        if steps != "backward" and writing.is_wanted(node)
    ]
    count = members.count if members else len(nodes)
    start = {"forward": 0, "backward": 1}.get(steps, count + 1)
    backward = writing.backward(nodes, start) if start else []
    needed = writing.wanted.union(step.name for step in backward)
    for each in forward if only else ():
        if each.name in writing.wanted and each.equation:
            needed |= names_in(formula(each.expanded or each.equation))
    inputs = needed.difference(map(graph.label, nodes))
    if members:
        inputs = {name for name in inputs & numbers.keys() if members.rank(name) < 0}
    in_file = members.in_file(inputs) if members else filter(inputs.__contains__, gradient.data)
    given = {name: numbers[name] for name in in_file if name in numbers}
    forward = [step for step in forward if step.name in needed]
    return Derivation(gradient.output, gradient.value, numbers, given, forward, start, backward)


def _named(model: Model, graph: Graph, single: bool, members: AllMembers | None) -> Graph:
    """The graph with a name for everything that is explained, and these names in its order."""
    own = {**graph.labels, **(members.operations if members else {})}
    known = {node: own[node] for node in graph.order if node in own}
    labels = named_steps(model, graph) if single and not members else known
    named = Graph(graph.columns, graph.outputs, labels)
    named.order = graph.order
    return named


class _Writing:
    """The formulas of the equations, or of single operations, of one derivation.

    single: explain operations. graph: has a name for everything. numbers: by these names. wanted:
    the names whose steps are wanted; of others the numbers are enough.
    """

    def __init__(
        self, model: Model, found: Evaluation, single: bool, members: AllMembers | None
    ) -> None:
        self.model, self.members = model, members
        self.single = single
        self.linear = members.linear if members else ()  # too long for formulas
        self.graph = _named(model, found.graph, single, members)
        self.data, self.gradients = found.numbers
        self.unrounded = Unrounded(self.graph, self.data, self.gradients, not members)
        self.numbers = {name: self.data[node] for node, name in self.graph.labels.items()}
        self.wanted, self.row = {*self.numbers}, set[str]()
        formulas = partial(Formulas, self.graph, self.data, self.graph.labels, model.names)
        self._formulas, self._accurate = formulas(textbook=True), formulas()
        self._known = {**CONSTANTS, **self.numbers}
        self._by_values = by_values(model, found.graph, self.data)
        self._rules = RuleNames(self.graph, single)

    def is_wanted(self, node: int) -> bool:
        """Whether the equation of a node is asked for, or uses a name that is."""
        return not self.wanted.isdisjoint(map(self.graph.label, (node, *self.graph.uses(node))))

    def equation(self, node: int) -> tuple[str, str]:
        """The right side as the person wrote it, and what functions and choices make of it."""
        if self.single:
            known = node in self._by_values
            return "" if known else self._text(self._formulas.one_step(node)[0]), ""
        text = _INDICES.sub(_counted, self.model.instance(node))
        plain = not _SHORT.search(text) and not any(
            step in self.graph.columns.callers or OPERATIONS[self.graph.op(step)].chooses
            for step in self.graph.equation(node)
        )
        plain = plain or not self._by_values.isdisjoint(self.graph.equation(node))
        plain = plain or self.graph.label(node) in self.linear
        expanded = "" if plain and text else self._text(self._formulas.equation(node))
        same = text and expanded and formula(text).tokens.texts == formula(expanded).tokens.texts
        return text, "" if same else expanded

    def backward(self, nodes: Sequence[int], number: int) -> list[Passed]:
        """The steps from the output back. number: of the one before them, ∂L/∂L = 1."""
        graph, gradients, unrounded = self.graph, self.gradients, self.unrounded
        first = number
        parts = {node: self._parts(node) for node in nodes}
        uses = Counter(operand for inside in parts.values() for operand, *_ in inside)
        gathered: dict[int, list[float]] = defaultdict(list)
        found = []
        for node in reversed(nodes):
            # what is made of numbers only is no step: nothing is derived by it
            number += bool(parts[node])
            if self.members:
                number = first + self.members.turn(graph.label(node))
            upstream = unrounded.gradient(node)
            shares, totals, notes = [], [], []
            for operand, text, local, use in sorted(
                parts[node], key=lambda part: by_name(graph.label(part[0]))
            ):
                name = graph.label(operand)
                asked = name in self.wanted
                single = uses[operand] == 1 and (asked or not self.row)
                # the whole gradient is the one that is known: a product may end in other bits
                product = unrounded.gradient(operand) if single else times(upstream, local)
                told = asked or graph.label(node) in self.row
                whole = told and not use and (single or not self._leads_on(node, operand))
                part = Share(name, text, local, upstream, product, single, use, whole)
                if isnan(product) and isfinite(gradients[operand]):
                    notes = [_TOGETHER]
                elif not part.is_product:
                    decided = _ZERO if product == 0 else _BY_VALUES
                    decided = _LOST if isfinite(times(upstream, local)) else decided
                    notes = [_UNDECIDED if isnan(product) else decided]
                gathered[operand].append(product)
                if not told:
                    continue
                shares.append(part)
                of_row = name in self.row or (self.model.laid and self.model.laid.is_column(name))
                if not asked and not of_row:
                    number_of_all = shown(unrounded.gradient(operand), 6)
                    notes.append(
                        f"∂{graph.label(graph.output)}/∂{name} of all rows: {number_of_all}"
                    )
                elif asked and len(gathered[operand]) == uses[operand] and not single:
                    total, shared = unrounded.gradient(operand), sum(gathered[operand])
                    totals.append(Total(name, gathered[operand], total))
                    if isfinite(shared) and abs(shared - total) > AGREED * abs(total):
                        notes = [*notes, _CANCELLED]
            if shares:
                label, equation = graph.label(node), self.equation(node)[0]
                # from the result down
                rules = list[str]()
                if label not in self.linear:
                    saying = having_say(graph, graph.equation(node), self.data)[::-1]
                    rules, notes = self._rules.joined(saying), [*self._notes(saying), *notes]
                found.append(Passed(number, label, equation, rules, shares, totals, notes))
        return found

    def _parts(self, node: int) -> list[tuple[int, str, float, int]]:
        """The derivatives of an equation by what it uses: an operand, the formula, the number, and
        which use of the operand in a single operation this is, 0 if there is one only."""
        graph, wanted = self.graph, self.is_wanted(node)
        if not self.single:
            each = self.unrounded.partials(node, partials(graph, node, self.data))
            if self.graph.label(node) in self.linear:
                return [(operand, "", each[operand], 0) for operand in each]
            texts = self._slopes(lambda formulas: formulas.partials(node), each) if wanted else {}
            return [(operand, texts.get(operand, ""), each[operand], 0) for operand in each]
        operands = graph.operands(node)
        slopes = local_slopes(graph, node, self.data)
        moving = {at: slopes[at] for at in self._rules.moving(node)}
        if len({*operands}) == len(operands):
            by = {operands[at]: slope for at, slope in moving.items()}
            moving = dict(zip(moving, self.unrounded.partials(node, by).values(), strict=True))
        if wanted:
            texts = self._slopes(lambda written: dict(enumerate(written.one_step(node)[1])), moving)
        else:
            texts = {}
        found = []
        for at, number in moving.items():
            operand = operands[at]
            use = operands[: at + 1].count(operand) if operands.count(operand) > 1 else 0
            found.append((operand, texts.get(at, ""), number, use))
        return found

    def _slopes(
        self, write: Callable[[Formulas], dict[int, Formula | None]], numbers: dict[int, float]
    ) -> dict[int, str]:
        """The texts of derivatives: the textbook's, or where that cancels the accurate one. write:
        gives the formulas. numbers: what they must be here."""
        found = write(self._formulas)
        texts = {each: self._checked(found.get(each), numbers[each]) for each in numbers}
        if any(found.get(each) and not texts[each] for each in numbers):
            other = write(self._accurate)
            for each in numbers:
                texts[each] = texts[each] or self._checked(other.get(each), numbers[each])
        return texts

    def _leads_on(self, node: int, operand: int) -> bool:
        """Whether something else that the equation of a node uses depends on the operand."""
        others = [each for each in self.graph.uses(node) if each != operand]
        if self.members:
            names = [self.graph.label(each) for each in others]
            return self.members.reaches(names, self.graph.label(operand))
        return operand in in_order(others, self.graph.operands)

    def _checked(self, found: Formula | None, number: float) -> str:
        """The text of a derivative, if it has the derivative's number at this point. Simplifying
        forgets that a step had no slope (sqrt(x)*sqrt(x) at 0) or was lost in rounding."""
        text = self._text(found)
        if not text or not names_in(formula(text)) <= self._known.keys():
            return ""
        value = functions.evaluated(formula(text), self._known)
        close = abs(value - number) <= 1e-9 * max(abs(value), abs(number))
        return text if isfinite(value) and close else ""

    def _text(self, found: Formula | None) -> str:
        """The text of a formula; none of one that is too long to read, or that calls a function of
        the table by a name that the file has given another one."""
        text, renamed = written(found, _LONG), self.model.functions
        return "" if text and renamed and renamed & _called(text) else text

    def _notes(self, steps: Sequence[int]) -> list[str]:
        """Sentences on the corners and branches that these steps meet at this point."""
        text = self.model.text
        notes = []
        conditions: dict[bool, dict[str, None]] = {True: {}, False: {}}
        for step in steps:
            row = OPERATIONS[self.graph.op(step)]
            operands = self.graph.operands(step)
            data = [self.data[operand] for operand in operands]
            met = functions.kinks(row.name, data)
            name = text(step) or row.form
            notes += [f"{name} has a {kind}{self._where(step, data)}" for kind in met]
            if self.single and row.written and row.slopes[0] == "0":
                pivot = self.graph.label(operands[0])
                notes.append(f"{pivot}, the largest, is taken away and put back: no gradient by it")
            if row.chooses:
                conditions[bool(data[0])][self._condition(operands[0])] = None
        for true, said in conditions.items():
            each = [*said][::-1]  # as they are written
            if len(each) == 1:
                holds, taken = "holds" if true else "does not hold", "branch that is taken has"
                notes.append(f"the condition {each[0]} {holds}: only the {taken} a say")
            elif each:
                holds, taken = "hold" if true else "do not hold", "branches that are taken have"
                notes.append(
                    f"the conditions {few(each, len(each))} {holds}: only the {taken} a say"
                )
        return [*dict.fromkeys(notes)]

    def _condition(self, node: int) -> str:
        """The condition of an `if` as the person wrote it, of a member with its own indices."""
        text = self.model.text(node) or "of the if"
        if "[" not in text or self.graph.is_number(node):
            return text
        return self._text(self._formulas.equation(node)) or text

    def _where(self, step: int, data: Sequence[float]) -> str:
        """Where a corner is, and which slopes are taken there. data: of the operands."""
        labels = [*map(self.graph.label, self.graph.operands(step))]
        pairs = zip(labels, data, strict=True)
        named = dict.fromkeys(f"{label} = {shown(number, 6)}" for label, number in pairs if label)
        at = f" at {', '.join(named)}" if named else " here"
        moving = self._rules.moving(step)
        if not all(labels[each] for each in moving):
            return at  # of several arguments, or inside: the lines above have the numbers
        slopes = local_slopes(self.graph, step, self.data)
        said = " and ".join(shown(slopes[each] + 0.0, 6) for each in moving)
        taken = "slope taken there is" if len(moving) == 1 else "slopes taken there are"
        return f"{at}: the {taken} {said}"


def _counted(found: re.Match[str]) -> str:
    """The indices of a member as numbers: `[0, 2]` for `[1 - 1, 2]`; a star stays one."""
    indices = (
        each if each.strip() == "*" else exact(functions.evaluated(formula(each), {}))
        for each in found[1].split(",")
    )
    return f"[{', '.join(indices)}]"


def _called(text: str) -> set[str]:
    tokens, shape = formula(text)
    return {tokens.texts[node.token] for node in shape.nodes if node.kind == "call"}
