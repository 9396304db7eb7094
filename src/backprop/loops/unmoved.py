"""What is `const` and has an equation, in loops: nothing that it is computed from may move."""

from __future__ import annotations

from backprop.language.declarations import not_of_an_equation
from backprop.loops.affine import some_of
from backprop.loops.draws import first_of
from backprop.loops.many import NotLoops
from backprop.loops.parts import part
from backprop.loops.plan import Plan
from backprop.names import in_member


def check_unmoved(plan: Plan) -> None:
    """Look at what is computed and const. Raises NotAnInput where all members of a statement move,
    NotLoops where a look at each has to say which do."""
    if not plan.unmoved:
        return
    may = {name: plan.inputs_of(name).copy() for name in plan.families}
    for marks in (plan.held, plan.deciding):
        for name, still in marks.items():
            may[name] &= ~still[:-1]
    sure = {name: each.copy() for name, each in may.items()}
    uses = {
        number: part(plan.columns, [plan.loops[number].root], plan.uses).uses
        for number in plan.computed
    }
    changes = True
    while changes:
        changes = False
        for number, read in uses.items():
            loop = plan.loops[number]
            own = plan.families[loop.family].places(loop.at)[plan.computed[number]]
            for marks, every in ((may, False), (sure, True)):
                if marks[loop.family][own].all():
                    continue
                found = (marks[each.family][each.places] for each in read)
                if any(each.all() if every else each.any() for each in found):
                    marks[loop.family][own] = changes = True
    for number in plan.unmoved:
        loop = plan.loops[number]
        family = plan.families[loop.family]
        where = family.where(loop.at)
        if not may[loop.family][where].any():
            continue
        if not sure[loop.family][where].all():
            raise NotLoops("it is not plain which members of what is const move")
        label = family.labels(some_of(where, 0, 1))[0]
        error = not_of_an_equation(label, loop.statement, loop.parts)
        error.message = in_member(label, first_of(plan.builder, loop)) + error.message
        raise error
