"""From a Model whose Values hold a gradient to the steps of the chain rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backprop.derivation.steps import Computed, Derivation, Given, Passed, Share, Total
from backprop.engine import Gradient, by_names, local_slopes, rules, steps_of
from backprop.engine.symbolic import Formula, one_step, partials, right_side, written
from backprop.errors import TooLarge
from backprop.language import Model, formula
from backprop.language.notation import names_in
from backprop.operations import FUNCTIONS, OPERATIONS
from backprop.source import one_line
from backprop.values import NUMBER, Value, in_order

MOST = 300
"""Equations that are explained without being asked twice."""

_LONG = 200
"""The longest formula that is written; of a longer one only the number is."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A Value that has a name in the explanation, with its derivatives by other such Values."""

    value: Value
    name: str
    equation: str
    expanded: str
    parts: tuple[tuple[Value, str, float, int], ...]
    """Operand, formula, number, and which use it is (0: the only one)."""


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
    if len(nodes) > MOST and not whole and not only:
        raise TooLarge(
            f"{len(nodes):,} steps are more than a person reads",
            hints=[f"explain some: --only {gradient.output}", "explain everything: --all"],
            where=model.source.name,
        )
    data = {names[value]: value.data for value in order if value in names}
    given = tuple(Given(names[v], v.data) for v in order if v in names and not v.prev)
    number = 0
    forward: list[Computed] = []
    if steps != "backward":
        for node in nodes:
            number += 1
            forward.append(
                Computed(number, node.name, node.equation, node.expanded, node.value.data)
            )
    start, backward = 0, []
    if steps != "forward":
        start = number + 1
        backward = _backward(model, nodes, names, output, start)
    found = Derivation(
        gradient.output, gradient.value, data, given, tuple(forward), start, tuple(backward)
    )
    return _only(found, only) if only else found


def _nodes(
    model: Model, order: Sequence[Value], detail: str
) -> tuple[list[_Node], dict[Value, str]]:
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
        return [_operation(value, names) for value in order if value.prev], names
    found = []
    for value in order:
        if value.prev and value.label:
            local = by_names(value)
            parts = tuple(
                (operand, _written(part.formula), local[operand], 0)
                for operand, part in partials(value, names).items()
            )
            found.append(_Node(value, value.label, *_equation(model, value, names), parts))
    return found, names


def _operation(value: Value, names: Mapping[Value, str]) -> _Node:
    """A single operation, its operands one by one."""
    right, slopes = one_step(value, names)
    numbers = local_slopes(value)
    parts = []
    for at, operand in enumerate(value.prev):
        if operand.op == NUMBER:
            continue
        use = value.prev[: at + 1].count(operand) if value.prev.count(operand) > 1 else 0
        parts.append((operand, _written(slopes[at]), numbers[at], use))
    return _Node(value, names[value], _written(right), "", tuple(parts))


def _equation(model: Model, value: Value, names: Mapping[Value, str]) -> tuple[str, str]:
    """The right side as the person wrote it, and what functions and choices make of it."""
    text = one_line(model.equation(value.label).text) if value.label in model.places else ""
    plain = "[" not in text and all(
        not isinstance(step.place, tuple) and step.op != "if" for step in steps_of(value)
    )
    return text, "" if plain and text else _written(right_side(value, names))


def _written(found: Formula) -> str:
    text = written(found)
    return text if len(text) <= _LONG else ""


def _backward(
    model: Model,
    nodes: Sequence[_Node],
    names: Mapping[Value, str],
    output: Value,
    number: int,
) -> list[Passed]:
    left: dict[Value, int] = {}
    for node in nodes:
        for operand, *_ in node.parts:
            left[operand] = left.get(operand, 0) + 1
    single = {operand for operand, count in left.items() if count == 1}
    gathered: dict[Value, list[float]] = {}
    found = []
    for node in reversed(nodes):
        number += 1
        upstream = node.value.grad
        shares, totals = [], []
        for operand, text, local, use in sorted(node.parts, key=lambda p: _by_name(names[p[0]])):
            product = upstream * local if upstream and local else 0.0
            gathered.setdefault(operand, []).append(product)
            left[operand] -= 1
            shares.append(
                Share(names[operand], text, local, upstream, product, operand in single, use)
            )
            if left[operand] == 0 and operand not in single:
                total = operand.grad + 0.0
                totals.append(Total(names[operand], tuple(gathered[operand]), total))
        found.append(
            Passed(
                number,
                node.name,
                node.equation,
                _rules(node.value, names),
                tuple(shares),
                tuple(totals),
                _notes(model, node.value, names),
            )
        )
    return found


def _by_name(name: str) -> list[tuple[int, str]]:
    """Names in the order in which people look for them: w2 before w10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]


def _inside(value: Value, names: Mapping[Value, str]) -> list[Value]:
    """The steps of an equation from its result down; of a named operation itself alone."""
    steps = steps_of(value)
    kept = [step for step in steps if step is value or step not in names]
    return kept[::-1] if len(kept) == len(steps) else [value]


def _rules(value: Value, names: Mapping[Value, str]) -> tuple[str, ...]:
    """What differentiating the equation is called, from the outside in, each rule once."""
    found: dict[str, None] = {}
    for step in _inside(value, names):
        row = OPERATIONS[step.op]
        moving = [operand for operand in step.prev if operand.op != NUMBER]
        if not moving or (row.name not in FUNCTIONS and set(row.slopes) == {"0"}):
            continue  # a comparison or a condition: nothing is differentiated
        rule = row.factor_rule if len(moving) < row.arity and row.factor_rule else row.rule
        inner = any(operand.prev and operand not in names for operand in moving)
        if inner and len(moving) == 1 < row.arity and rule == row.rule:
            found["chain rule"] = None
        found[rule or f"{'chain rule through' if inner else 'derivative of'} {row.name}"] = None
    return tuple(found)


def _notes(model: Model, value: Value, names: Mapping[Value, str]) -> tuple[str, ...]:
    """Sentences on the corners and branches that an equation meets at this point."""
    notes = []
    for step in _inside(value, names):
        row = OPERATIONS[step.op]
        data = [operand.data for operand in step.prev]
        text = model.text(step) if not step.label else one_line(model.equation(step.label).text)
        for kind, where in (("corner", row.corner), ("jump", row.jump)):
            if where and rules.compiled(where, row.operands)(*data):
                slopes = " and ".join(_plain(slope) for slope in local_slopes(step))
                named = ", ".join(
                    f"{names[operand]} = {_plain(operand.data)}"
                    for operand in dict.fromkeys(step.prev)
                    if operand in names
                )
                at = f" at {named}" if named else " here"
                plural = "slopes taken there are" if row.arity > 1 else "slope taken there is"
                notes.append(f"{text or row.form} has a {kind}{at}: the {plural} {slopes}")
        if step.op == "if":
            condition = step.prev[0]
            holds = "holds" if condition.data else "does not hold"
            notes.append(
                f"the condition {model.text(condition) or 'of the if'} {holds}: only the branch that"
                " is taken has a say"
            )
    return tuple(dict.fromkeys(notes))


def _plain(number: float) -> str:
    return f"{number + 0.0:.6g}"


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
