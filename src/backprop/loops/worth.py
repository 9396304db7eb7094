"""Equation text → `Model`: of loops where that is worth it, and else unrolled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING

from backprop.errors import BackpropError, TooLarge, raise_all
from backprop.language.families import MOST_VALUES, Families, ready_made
from backprop.language.index_code import Scope
from backprop.language.model import Model
from backprop.language.reading import Parsed, parsed, quickly, unrolled
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.loops.leading_names import led_to_by
from backprop.memory import without_collector
from backprop.operations import DERIVATIVE
from backprop.source import Source
from backprop.syntax.bodies import Body, Parts
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens

if TYPE_CHECKING:
    from backprop.language.laid import Data

MANY = 100_000
"""From about so many steps on, unrolled, which takes a second, gradients need not be added in the
order of unrolled ones, to the last bit."""

MANY_OFTEN = 20_000
"""As MANY, where values and gradients are computed often: the last digits of a path are no promise."""

_FAMILY = 10
"""Members that `w[*]` may have, for an estimate."""


Tell = Callable[[str], object]
"""Takes a sentence on how a text was read."""


def silent(sentence: str) -> None:
    """Tell nobody."""


@without_collector
def read_model(
    source: Source,
    seed: int = 0,
    most: int = MOST_VALUES,
    many: float = MANY,
    tell: Tell = silent,
    sizes: GivenSizes = NO_SIZES,
    tables: Sequence[Data] = (),
) -> Model:
    """The Model of an equation text. seed: of the inputs that are drawn at random. most: the values
    that it may unroll to. many: from so many on it is one of loops. tell: is told how it is read.
    sizes: numbers from outside. tables: columns of data that stand for names. Raises the SyntaxFaults and
    MeaningFaults found in it."""
    found, why = None if tables else quickly(source, most), ""
    if not found:
        text = parsed(source, seed, most, sizes, tables)
        text.members.most = maxsize  # which is of what is unrolled
        steps = about(text)
        text.members.most = most
        if steps >= max(many, many and 10 * sum(map(_is_read_alone, text.statements))):
            looped = _loops(text, most, steps, tell)
            if isinstance(looped, Model):
                return looped
            why = looped
            from backprop.loops.offenders import mistakes

            wrong = mistakes(parsed(source, seed, most, sizes, tables))
            if laid := text.laid:
                for each in wrong:
                    laid.say_rows(each)
            raise_all(wrong)
            text = parsed(source, seed, most, sizes, tables)
        try:
            found = unrolled(text)
        except BackpropError as error:
            if text.laid:
                text.laid.say_rows(error)
            for each in error.all if why else ():
                if isinstance(each, TooLarge):
                    each.hints = (f"it is unrolled, since {why}", *each.hints, *_instead(text))
            raise
    tell(f"read step by step: {len(found.columns):,} steps")
    return found


def _instead(text: Parsed) -> tuple[str, ...]:
    """What has the numbers that a text is too large for, as a hint; none: nothing."""
    twice = any(each.tokens.texts.count(DERIVATIVE) > 1 for each in text.statements)
    return (
        "second derivatives by each input, without these equations: hessian --diagonal",
    ) * twice


def _is_read_alone(statement: Statement) -> bool:
    """Whether a statement is more than the number of a member, of which many are read at once."""
    if statement.shape.form != "indexed_equation":
        return True
    parts = ready_made(statement)
    numbers = parts.indices and len(parts.body.nodes) <= 2 and parts.body.nodes[0].kind == "number"
    return not numbers or bool(parts.clauses or parts.limits or parts.condition)


def _loops(text: Parsed, most: int, steps: float, tell: Tell) -> Model | str:
    """A text as a Model of loops; why it is none, in words behind "since"."""
    from backprop.loops.many import NotLoops

    message = f"no loops, though there are about {steps:,.0f} steps:"
    if text.chains:
        why = "there are numbers behind equations, which are compared step by step"
        tell(f"{message} {why}")
        return why
    try:
        from backprop.loops.loop_model import LoopModel
        from backprop.loops.plan import read

        text.members.most = maxsize
        plan = read(text.statements, text.equations, text.functions, text.members)
        plan.unrolls = steps <= most
        found = LoopModel(text, plan, most, tell)
    except NotLoops as error:
        at = ""
        if of := error.statement:
            line, _ = text.source.position(of.tokens.span(0).start)
            at = f"in line {line}, of {of.tokens.texts[of.shape.target]}, "
        tell(f"{message} {at}{error.reason}")
        return f"{at}{error.reason}"
    tell(f"read as loops over arrays: unrolled, there would be about {steps:,.0f} steps")
    return found


def about(text: Parsed) -> float:
    """About how many steps a text unrolls to."""
    total, sweeps, again = 0.0, 0.0, _in_circles(text)
    for statement in text.indexed if not text.equations else text.statements:
        if statement.shape.indexed and statement.shape.form != "function":
            of, parts = statement.tokens, ready_made(statement)
            try:
                total += _steps(text.members, of, parts, {}, _operations)
                if DERIVATIVE in of.texts and not again.isdisjoint(of.texts):
                    sweeps += _steps(text.members, of, parts, {}, partial(_derivatives, of))
            except BackpropError:  # which is told by who unrolls it
                return 0.0
    return total * (1 + sweeps / 2)  # each of them through what is computed before


def _in_circles(text: Parsed) -> set[str]:
    """The families whose members need others of their own, and what is made of them, where there are
    derivatives: those of each member go through all before it."""
    if DERIVATIVE not in text.source.text:
        return set()
    reads = dict[str, set[str]]()
    for each in text.statements:
        texts, own = each.tokens.texts, {each.tokens.texts[at] for at in each.shape.parameters}
        reads.setdefault(texts[each.shape.target], set()).update({*texts[1:]} - own)
    below = {name: led_to_by([name], lambda each: reads[each] & reads.keys()) for name in reads}
    circles = {name for name in reads if name in below[name]}
    return {name for name in reads if name in circles or not circles.isdisjoint(below[name])}


def _operations(body: Body) -> float:
    return len(body.nodes)


def _derivatives(tokens: Tokens, body: Body) -> float:
    """How many derivatives a body has that are of other things for each combination of its indices."""
    calls = [node for node in body.nodes if node.kind == "call"]
    asked = [node for node in calls if tokens.texts[node.token] == DERIVATIVE]
    return sum("[" in _first_argument(tokens, node.token + 2) for node in asked)


def _first_argument(tokens: Tokens, start: int) -> Sequence[str]:
    """The tokens up to the comma that ends an argument. start: its first one."""
    depth, texts = 0, tokens.texts
    for at in range(start, len(texts)):
        depth += (texts[at] in ("(", "[")) - (texts[at] in (")", "]"))
        if depth < 0 or (texts[at] == "," and not depth):
            return texts[start:at]
    return texts[start:]


def _steps(
    members: Families, tokens: Tokens, parts: Parts, scope: Scope, each: Callable[[Body], float]
) -> float:
    """About how many steps a statement or a sum takes: as many as for the middle of each range. each: what
    is counted in a body, once."""
    inner, count = {**scope}, 1.0
    for clause in parts.clauses:
        numbers = members.numbers(tokens, clause, inner)
        if not numbers:
            return 0.0
        count *= len(numbers)
        inner[tokens.texts[clause.node.token]] = numbers[len(numbers) // 2]
    steps = each(parts.body)
    for within in parts.body.parts.values():
        if within.clauses:
            steps += _steps(members, tokens, within, inner, each)
        elif within.many and each is _operations:
            steps += _FAMILY
    return count * steps
