"""Equation text → `Model`: of loops where that is worth it, and else unrolled."""

from __future__ import annotations

from backprop.errors import BackpropError
from backprop.language.families import MOST_VALUES, Families, ready_made
from backprop.language.integers import Scope
from backprop.language.model import Model
from backprop.language.reading import Parsed, parsed, quickly, unrolled
from backprop.memory import without_collector
from backprop.source import Source
from backprop.syntax.bodies import Parts
from backprop.syntax.scanner import Tokens

_MANY = 100_000
"""From about so many steps on, unrolled, which takes a second, gradients need not be added in the
order of unrolled ones, to the last bit."""

_FAMILY = 10
"""Members that `w[*]` may have, for an estimate."""


@without_collector
def read_model(
    source: Source, seed: int = 0, most: int = MOST_VALUES, many: float = _MANY
) -> Model:
    """The Model of an equation text. seed: of the inputs that are drawn at random. most: the values
    that it may unroll to. many: from so many on it is one of loops. Raises the SyntaxFaults and
    MeaningFaults found in it."""
    if found := quickly(source, most):
        return found
    text = parsed(source, seed, most)
    steps = about(text)
    if steps > most or steps < max(many, many and 10 * len(text.statements)):
        return unrolled(text)
    return _loops(text, most) or unrolled(parsed(source, seed, most))


def _loops(text: Parsed, most: int) -> Model | None:
    from backprop.loops.many import NotLoops

    if text.chains:
        return None
    try:
        from backprop.loops.loop_model import LoopModel
        from backprop.loops.plan import read

        plan = read(text.statements, text.equations, text.functions, text.members)
        return LoopModel(text, plan, most)
    except NotLoops:
        return None


def about(text: Parsed) -> float:
    """About how many steps a text unrolls to."""
    total = 0.0
    for statement in text.indexed if not text.equations else text.statements:
        if statement.shape.indexed and statement.shape.form != "function":
            try:
                total += _steps(text.members, statement.tokens, ready_made(statement), {})
            except BackpropError:  # which is told by who unrolls it
                return 0.0
    return total


def _steps(members: Families, tokens: Tokens, parts: Parts, scope: Scope) -> float:
    """About how many steps a statement or a sum takes: as many as for the middle of each range."""
    inner, count = {**scope}, 1.0
    for clause in parts.clauses:
        numbers = members.numbers(tokens, clause, inner)
        if not numbers:
            return 0.0
        count *= len(numbers)
        inner[tokens.texts[clause.node.token]] = numbers[len(numbers) // 2]
    steps = float(len(parts.body.nodes))
    for within in parts.body.parts.values():
        if within.clauses:
            steps += _steps(members, tokens, within, inner)
        elif within.many:
            steps += _FAMILY
    return count * steps
