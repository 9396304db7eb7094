"""From a Model whose Values hold a gradient to the steps of the chain rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import NamedTuple

from backprop.derivation.steps import Computed, Derivation, Given, Passed, Share, Total
from backprop.engine import by_names, local_slopes, steps_of
from backprop.engine.writers.formulas import of_equation, one_step, partials
from backprop.errors import TooLarge
from backprop.evaluation.gradient import Gradient
from backprop.language import Model
from backprop.numbers import shown
from backprop.operations import CONSTANTS, FUNCTIONS, OPERATIONS
from backprop.patterns import by_name, matching
from backprop.source import one_line
from backprop.suggest import unknown_name
from backprop.syntax import functions
from backprop.syntax.algebra import Formula, written
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula
from backprop.values import NUMBER, Value, in_order

MOST = 300
"""Equations that are explained without being asked twice."""

_LONG = 200
"""The longest formula that is written; of a longer one only the number is."""


class _Part(NamedTuple):
    """The derivative of an equation by something that it uses.

    use: which use of the operand in this operation it is, 0 if there is one only.
    """

    operand: Value
    formula: str
    number: float
    use: int


def derivation(
    model: Model,
    gradient: Gradient,
    detail: str = "equations",
    only: Sequence[str] = (),
    steps: str = "both",
    whole: bool = False,
) -> Derivation:
    """The derivation of a gradient whose numbers the Values of the model hold.

    detail: `equations`, each as a whole, or `operations`, each with a name v1, v2, … of its own.
    only: the names whose steps are wanted. steps: `forward`, `backward` or `both`. whole: explain
    even what is large. Raises TooLarge.
    """
    output = model.values[gradient.output]
    order = in_order([output])
    nodes, names = _nodes(model, order, detail)
    known = list(names.values())
    wanted: list[str] = []
    for name in only:
        meant = matching(name, known)
        if not meant:
            raise unknown_name(name, known, f"what leads to {gradient.output}")
        wanted += meant
    only = wanted
    if len(nodes) > MOST and not whole and not only:
        raise TooLarge(
            f"{len(nodes):,} steps are more than a person reads",
            hints=[f"explain some: --only {gradient.output}", "explain everything: --all"],
            where=model.source.name,
        )
    writing = _Writing(model, names, detail, frozenset(only))
    data = {names[value]: value.data for value in order if value in names}
    given = tuple(Given(names[v], v.data) for v in order if v in names and not v.prev)
    number = 0
    forward: list[Computed] = []
    if steps != "backward":
        for value in nodes:
            number += 1
            if writing.is_wanted(value):
                forward.append(Computed(number, names[value], *writing.equation(value), value.data))
    start, backward = 0, []
    if steps != "forward":
        start = number + 1
        backward = _backward(writing, nodes, output, start)
    found = Derivation(
        gradient.output, gradient.value, data, given, tuple(forward), start, tuple(backward)
    )
    return _only(found, only) if only else found


def _nodes(
    model: Model, order: Sequence[Value], detail: str
) -> tuple[list[Value], dict[Value, str]]:
    """What is explained, in the order of computing, and what everything is called."""
    names = {value: value.label for value in order if value.label}
    taken = set(model.values)
    if detail == "operations":
        count = 0
        for value in order:
            if value.prev and not value.label:
                count += 1
                while f"v{count}" in taken:
                    count += 1
                names[value] = f"v{count}"
    return [value for value in order if value.prev and value in names], names


class _Writing:
    """The formulas of the equations, or of single operations, of one derivation.

    only: the names whose steps are wanted, if not all; of others the numbers are enough.
    """

    def __init__(
        self, model: Model, names: Mapping[Value, str], detail: str, only: frozenset[str]
    ) -> None:
        self.model = model
        self.names = names
        self.single = detail == "operations"
        self.only = only
        self.taken = CONSTANTS.keys() & set(names.values())
        self._values: dict[str, Value] = {}

    def is_wanted(self, value: Value) -> bool:
        """Whether the equation of a Value is asked for, or uses a name that is."""
        if not self.only or self.names[value] in self.only:
            return True
        used = value.prev if self.single else by_names(value)
        return any(self.names.get(operand) in self.only for operand in used)

    def equation(self, value: Value) -> tuple[str, str]:
        """The right side as the person wrote it, and what functions and choices make of it."""
        if self.single:
            return self._text(one_step(value, self.names, self.taken)[0]), ""
        text = ""
        if value.label in self.model.places:
            text = one_line(self.model.equation(value.label).text)
        plain = "[" not in text and all(
            not isinstance(step.place, tuple) and step.op != "if" for step in steps_of(value)
        )
        if plain and text:
            return text, ""
        return text, self._text(of_equation(value, self.names, self.taken))

    def parts(self, value: Value) -> list[_Part]:
        """The derivatives of an equation by what it uses."""
        if self.single:
            slopes: Sequence[Formula | None] = [None] * len(value.prev)
            if self.is_wanted(value):
                slopes = one_step(value, self.names, self.taken)[1]
            found = []
            for at, operand in enumerate(value.prev):
                if operand.op != NUMBER:
                    times = value.prev.count(operand)
                    use = value.prev[: at + 1].count(operand) if times > 1 else 0
                    number = local_slopes(value)[at]
                    found.append(_Part(operand, self._checked(slopes[at], number), number, use))
            return found
        local = by_names(value)
        wanted = not self.only or self.is_wanted(value)
        formulas = partials(value, self.names, self.taken) if wanted else {}
        return [
            _Part(operand, self._checked(formulas.get(operand), number), number, 0)
            for operand, number in local.items()
        ]

    def steps(self, value: Value) -> list[Value]:
        """The steps of an equation that have a say here, from its result down."""
        if self.single:
            return [value]
        saying, found = {value}, []
        for step in reversed(steps_of(value)):
            if step in saying:
                found.append(step)
                says = OPERATIONS[step.op].says
                data = (operand.data for operand in step.prev)
                saying.update(step.prev if says is None else (step.prev[at] for at in says(*data)))
        return found

    def _checked(self, found: Formula | None, number: float) -> str:
        """The text of a derivative, if it has the derivative's number at this point.

        Simplifying forgets that a step had no slope (sqrt(x)*sqrt(x) at 0) or was lost in rounding.
        """
        text = self._text(found)
        if not text:
            return ""
        used = names_in(formula(text)) - (CONSTANTS.keys() - self.taken)
        data = {self.names[value]: value.data for value in self._by_name(used)}
        if data.keys() != used:
            return ""
        value = functions.evaluated(formula(text), data)
        if not isfinite(value):
            return ""
        return text if abs(value - number) <= 1e-9 * max(abs(value), abs(number)) else ""

    def _by_name(self, names: Iterable[str]) -> list[Value]:
        if not self._values:
            self._values.update({name: value for value, name in self.names.items()})
        return [self._values[name] for name in names if name in self._values]

    def _text(self, found: Formula | None) -> str:
        """The text of a formula; none of one that is too long to read, or that calls a function of
        the table by a name that the file has given another one."""
        text = written(found) if found is not None else ""
        if len(text) > _LONG or (self.model.functions and self.model.functions & _called(text)):
            return ""
        return text


def _called(text: str) -> set[str]:
    tokens, shape = formula(text) if text else formula("0")
    return {tokens.texts[node.token] for node in shape.nodes if node.kind == "call"}


def _backward(
    writing: _Writing, nodes: Sequence[Value], output: Value, number: int
) -> list[Passed]:
    names = writing.names
    parts = {value: writing.parts(value) for value in nodes}
    left: dict[Value, int] = {}
    for inside in parts.values():
        for part in inside:
            left[part.operand] = left.get(part.operand, 0) + 1
    single = {operand for operand, count in left.items() if count == 1}
    gathered: dict[Value, list[float]] = {}
    found = []
    for value in reversed(nodes):
        if not parts[value]:
            continue  # made of numbers only: nothing is derived by it
        number += 1
        upstream = value.grad
        shares, totals, lost = [], [], False
        for operand, text, local, use in sorted(
            parts[value], key=lambda p: by_name(names[p.operand])
        ):
            product = upstream * local if upstream and local else 0.0
            lost = lost or (product == 0 and not isfinite(upstream * local))
            gathered.setdefault(operand, []).append(product)
            left[operand] -= 1
            shares.append(
                Share(names[operand], text, local, upstream, product, operand in single, use)
            )
            if left[operand] == 0 and operand not in single:
                total = operand.grad + 0.0
                totals.append(Total(names[operand], tuple(gathered[operand]), total))
        if not writing.is_wanted(value):
            continue
        notes = _notes(writing, value)
        if lost:
            notes += ("0 times an infinite slope counts as 0: what has no say has none",)
        found.append(
            Passed(
                number,
                names[value],
                writing.equation(value)[0],
                _rules(writing, value),
                tuple(shares),
                tuple(totals),
                notes,
            )
        )
    return found


def _rules(writing: _Writing, value: Value) -> tuple[str, ...]:
    """What differentiating the equation is called, from the outside in, each rule once."""
    found: dict[str, None] = {}
    for step in writing.steps(value):
        row = OPERATIONS[step.op]
        moving = [at for at, operand in enumerate(step.prev) if operand.op != NUMBER]
        if not moving or (row.name not in FUNCTIONS and set(row.slopes) == {"0"}):
            continue  # a comparison or a condition: nothing is differentiated
        alone = row.alone[moving[0]] if row.alone and len(moving) == 1 else ""
        rule = alone or row.rule
        inner = any(step.prev[at].prev and step.prev[at] not in writing.names for at in moving)
        folds = row.folds and step.prev[0].op == step.op and step.prev[0] not in writing.names
        if rule and inner and alone and "constant" not in rule:
            found["chain rule"] = None
        through = "chain rule through" if inner and not folds else "derivative of"
        found[rule or f"{through} {row.name}"] = None
    return tuple(found)


def _notes(writing: _Writing, value: Value) -> tuple[str, ...]:
    """Sentences on the corners and branches that an equation meets at this point."""
    model, names = writing.model, writing.names
    notes = []
    for step in writing.steps(value):
        row = OPERATIONS[step.op]
        data = [operand.data for operand in step.prev]
        text = model.text(step) if not step.label else one_line(model.equation(step.label).text)
        for kind, where in (("corner", row.corner), ("jump", row.jump)):
            if where and functions.compiled(where, row.operands)(*data):
                notes.append(f"{text or row.form} has a {kind}{_at(step, names)}")
        if step.op == "if":
            condition = step.prev[0]
            holds = "holds" if condition.data else "does not hold"
            notes.append(
                f"the condition {model.text(condition) or 'of the if'} {holds}: only the branch that"
                " is taken has a say"
            )
    return tuple(dict.fromkeys(notes))


def _at(step: Value, names: Mapping[Value, str]) -> str:
    """Where a corner is, and which slopes are taken there."""
    named = {
        operand: f"{names[operand]} = {shown(operand.data, 6)}"
        for operand in step.prev
        if operand in names
    }
    at = f" at {', '.join(named.values())}" if named else " here"
    moving = [at for at, operand in enumerate(step.prev) if operand.op != NUMBER]
    if any(step.prev[each] not in names for each in moving):
        return at  # of several arguments, or inside: the lines above have the numbers
    slopes = local_slopes(step)
    said = " and ".join(shown(slopes[each], 6) for each in moving)
    taken = "slope taken there is" if len(moving) == 1 else "slopes taken there are"
    return f"{at}: the {taken} {said}"


def _only(found: Derivation, names: Sequence[str]) -> Derivation:
    """The steps that concern these names: their equations, and the shares of their gradients."""
    wanted = set(names)
    backward = []
    for step in found.backward:
        shares = tuple(share for share in step.shares if share.by in wanted)
        totals = tuple(total for total in step.totals if total.by in wanted)
        if shares:
            backward.append(replace(step, shares=shares, totals=totals))
    needed = wanted | {step.name for step in backward}
    for computed in found.forward:
        if computed.name in wanted and computed.equation:
            needed.update(names_in(formula(computed.expanded or computed.equation)))
    return replace(
        found,
        given=tuple(each for each in found.given if each.name in needed),
        forward=tuple(each for each in found.forward if each.name in needed),
        backward=tuple(backward),
    )
