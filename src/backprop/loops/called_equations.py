"""Statements that read no names, and are equations all the same: they call functions of the file."""

from __future__ import annotations

from backprop.graph import Columns
from backprop.language.build import Builder
from backprop.loops.draws import first_of
from backprop.loops.many import NotLoops
from backprop.loops.parts import Block
from backprop.loops.reader import LoopBuilder
from backprop.loops.repeated import Repeated


def called_with_computed(builder: LoopBuilder, loop: Repeated, found: Block) -> bool:
    """Whether a statement whose functions read no member is an equation, because one is called with
    what is computed, as its first member shows: f(2*i), and not f(i). found: its right side. Raises
    NotLoops."""
    if not all(each.counts.all() for each in found.domains.values()):
        raise NotLoops("a function of the file makes a number of what is computed, perhaps")
    scope = first_of(builder, loop)
    single = Builder({}, Columns(), builder.functions, builder.families)
    single.expression(loop.statement.tokens, loop.parts.body, scope)
    return single.uses_names
