"""Statements that read no members, and are equations all the same: they count rows, or call functions of the
file."""

from __future__ import annotations

from backprop.graph import Columns
from backprop.language.build import Builder
from backprop.language.laid import is_count
from backprop.loops.draws import first_of
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated
from backprop.loops.words import words
from backprop.syntax.bodies import Parts


def is_equation(builder: LoopBuilder, loop: Repeated, found: Block) -> bool:
    """Whether what a statement defines is computed, and no input with a default. found: its right side.
    Raises NotLoops."""
    if found.uses:
        return True
    inside = words(loop.statement.tokens, Parts((), loop.parts.body))
    if any(map(is_count, inside)):
        return True
    calls = not inside.isdisjoint(builder.functions)
    return calls and _called_with_computed(builder, loop, found)


def _called_with_computed(builder: LoopBuilder, loop: Repeated, found: Block) -> bool:
    """Whether a function is called with what is computed, as the first member shows: f(2*i), and not f(i)."""
    if not all(each.counts.all() for each in found.domains.values()):
        raise NotLoops("a function of the file makes a number of what is computed, perhaps")
    scope = first_of(builder, loop)
    single = Builder({}, Columns(), builder.functions, builder.families)
    single.expression(loop.statement.tokens, loop.parts.body, scope)
    return single.uses_names
