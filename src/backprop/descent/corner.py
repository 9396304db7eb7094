"""The end of a run where the output has no slope, a corner or a cusp; or what leads on from there."""

from __future__ import annotations

from math import inf, isfinite

from backprop.descent.course import Run, Stop
from backprop.descent.creased_ends import creased_around, cut_off, hidden, shown_by, soon_creased
from backprop.descent.endless import pole, without_end
from backprop.descent.graph_at_hand import graph_at_hand
from backprop.descent.hidden_poles import at_edge, hidden_pole
from backprop.descent.leads import Lead, after, lower, no_way
from backprop.descent.natural_sizes import sizes_of
from backprop.descent.objective import Ending, GraphObjective
from backprop.descent.plateau import on_plateau
from backprop.descent.slopes_around import SlopesAround
from backprop.evaluation import borders
from backprop.evaluation.gradient import Evaluation
from backprop.values import any_steep, having_say

_FEWEST, _WORK = 200, 2_000_000
"""Ways down are tried while so few values were looked at, or while that took no more steps of a
graph than this; at the second corner of a run half as many, and so on."""

_AXES = 100
"""The most parameters beside which it is looked, one at a time, whether the output jumps."""

_LEADS = 100
"""The most corners of one run that are left behind."""

_BESIDE, _JUMPED = 1e-10, 1e-2
"""A move by this part of an input's scale raises an output that jumps by more than this part of what it has
fallen."""

_LONG = 100
"""So many steps must be used up for a fall without end to be seen in them."""

_UNCLEAR = "corner", "rounding"
"""The endings that leave open what the last point is."""


def judged(run: Run, stop: Stop, ended: Ending, follows: bool) -> Stop | Lead | None:
    """What the end of a run becomes by a look around its last point. ended: that point, where what the chain
    rule does not decide is nan. follows: whether the method goes on from any lower point. Returns None if the
    run now has a gradient to go on with."""
    found = _judged(run, stop, ended, follows)
    if isinstance(found, Stop) and stop.cause == "rest" and found.cause in _UNCLEAR:
        return at_edge(run, sizes_of(run)) or found
    return found


def _judged(run: Run, stop: Stop, ended: Ending, follows: bool) -> Stop | Lead | None:
    if stop.cause == "steps":
        found = _smooth(run, stop, ended) if run.stands else None
        if isinstance(found, Lead) and found.left:  # a saddle, or a top
            return found.stop
        if isinstance(found, Stop) and (found.converged or found.cause == run.endless):
            return found
        return _drifts(run) or stop
    if stop.cause not in ("rest", "gradient"):
        return (on_plateau(run, stop, ended) if stop.cause == "change" else None) or stop
    if stop.cause == "rest":
        endless = without_end(run) or pole(run) or hidden_pole(run, sizes_of(run))
        if endless:
            return endless
    undecided = not all(map(isfinite, ended.gradient.gradients.values()))
    rests = not run.norm or stop.cause == "gradient"
    if rests and ended.smooth:
        odd = undecided
    elif rests:
        odd = True  # as far as is known without a graph
        if objective := graph_at_hand(run.problem.objective):
            at = ended.evaluation()
            undecided |= _steep(objective, at)
            # a choice by data alone, `if(t == 1, …)`, is no border of the parameters
            odd = undecided or objective.moved(borders.met(at.graph, at.numbers.data))
    else:
        creased = soon_creased(run, sizes_of(run)) if follows else None
        if creased and creased.lead:
            return creased.lead
        found = _smooth(run, stop, ended)
        if not run.monotone or (isinstance(found, Lead) and (follows or found.left)):
            return found
        if isinstance(found, Stop) and found.converged and creased and creased.shown:
            # rounding says whether the last point is on the creases, or right beside them
            return hidden(run, sizes_of(run)) or shown_by(run, creased)
        if isinstance(found, Stop) and found.cause not in _UNCLEAR:
            return found
        if (
            isinstance(found, Stop)
            and found.cause == "rounding"
            and run.problem.objective.is_smooth
        ):
            return found
        odd = True
    if not odd:
        return _smooth(run, stop, ended)
    problem, is_smooth = run.problem, run.problem.objective.is_smooth
    creased = creased_around(run, sizes_of(run))
    if follows and creased and creased.lead and not creased.is_off:
        return creased.lead
    output = problem.output
    if creased and creased.shown:
        return hidden(run, sizes_of(run)) or shown_by(run, creased)
    most = max(_FEWEST, _WORK // problem.work // (1 + run.left))
    sizes = sizes_of(run)
    # plain descent goes down the slope in the units that a person chose
    look = SlopesAround(problem, run.x, run.value, most, sizes, sizes if follows else [])
    slope = look.way_down()
    if slope and run.leave(slope, look.units, _LEADS):
        return None
    if creased and creased.lead:
        return creased.lead
    if look.lowest:
        return no_way(run, look.lowest)
    if look.smooth or (rests and not undecided) or (is_smooth and not rests):
        return _smooth(run, stop, ended)
    none = f"{output} is {lower(run)} at none of {look.count} points around it"
    if look.jumps:
        return Stop("corner", f"at a jump {after(run)}: {none}, but {output} may only come near it")
    if not look.mixed:
        few = f"{none}, too few to say that this is a {run.least}"
        where = f"at the edge where {output} has no value" if look.outside else "at a corner"
        return Stop("corner", f"{where} {after(run)}: {few}; start elsewhere")
    where = f"at the edge where {output} has no value" if look.outside else "at a corner"
    if creased and creased.open:
        along = f"whether {output} {run.falls}s along the creases is not known"
        return Stop("corner", f"{where} {after(run)}: {none}, but {along}")
    lowest = f"converged: a {run.least} {where}, by values: {none}"
    return hidden(run, sizes_of(run)) or Stop(f"{run.least} at a corner", lowest)


def _smooth(run: Run, stop: Stop, ended: Ending) -> Stop | Lead:
    """The end of a run at no corner."""
    if found := on_plateau(run, stop, ended):
        return found
    if stop.cause == "gradient":
        return stop
    from backprop.descent.judgement import verdict
    from backprop.descent.landing import landed  # numpy is not always wanted

    said = verdict(run, landed(run))
    if not isinstance(said, Stop) or not said.converged:
        return said
    if _jumps_beside(run):
        near = f"{run.output} is lowest there, but may only come near that value"
        return Stop("corner", f"at a jump {after(run)}: {near}")
    sizes = sizes_of(run)
    return cut_off(run, sizes) or hidden(run, sizes) or said


def _jumps_beside(run: Run) -> bool:
    """Whether the output jumps up right beside here."""
    problem = run.problem
    if problem.objective.is_smooth or not run.fallen:
        return False
    for at, size in enumerate(sizes_of(run)[:_AXES]):
        for side in (_BESIDE, -_BESIDE):
            point = problem.inside([*run.x[:at], run.x[at] + side * size, *run.x[at + 1 :]])
            if _JUMPED * run.fallen < problem.known(point, -inf) - run.value:
                return True
    return False


def _drifts(run: Run) -> Stop | None:
    """The end of a run whose steps are used up, if the output falls without end along the way it took."""
    problem = run.problem
    if run.count < _LONG or not run.monotone:
        return None
    if not problem.affords_bends:
        return None
    from backprop.descent.straight_on import has_grown, straight_on

    if not has_grown(run):
        return None
    from backprop.descent.landing import landed
    from backprop.descent.receding import recedes

    landing = landed(run)
    if landing is None:
        return None
    endless = straight_on(run, landing)
    found = endless or (recedes(run, landing) if problem.objective.is_smooth else None)
    return found if isinstance(found, Stop) else None


def _steep(objective: GraphObjective, ended: Evaluation) -> bool:
    """Whether a slope on the way is infinite: then gradients of 0, which tell of one parameter at a
    time, say nothing of moving several at once (`sqrt(a*b)` at 0)."""
    graph, data = ended.graph, ended.numbers.data
    steps = having_say(graph, graph.order, data)
    return objective.moved([step for step in steps if any_steep(graph, [step], data)])
