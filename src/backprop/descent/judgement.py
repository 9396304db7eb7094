"""The end of a run where the output is smooth: what it may be called, once that has been shown."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy

from backprop.descent.course import Run, Stop
from backprop.descent.landing import Flat, Landing
from backprop.descent.leads import (
    NAMED,
    Lead,
    after,
    lower,
    lowest_on,
    stationary,
    towards,
    unsure_far_away,
)
from backprop.descent.level_sets import OtherMinima, level_beside, moving, other_minima
from backprop.descent.objective import Point
from backprop.descent.onto_bounds import onto_bounds
from backprop.descent.receding import recedes
from backprop.descent.slope_below_rounding import slope_below_rounding
from backprop.descent.soft_ways import is_below_rounding, lower_on_soft_ways, valleys
from backprop.descent.straight_on import grown_far, straight_on
from backprop.descent.valley_floors import floor_at
from backprop.numbers import shown

_CLEARLY = 1e3
"""A fall by so many times what rounding may be is more than that."""

_A_FEW = 3
"""So many steps from one end to a lower point are a few."""

_HAS_A_SAY = 0.1
"""An input with less than this part of the largest move has no say in a flat way."""


def verdict(run: Run, landing: Landing | None) -> Stop | Lead:
    """What the end of a run is where no step on the way stands on a border. landing: None where the output
    has no second derivatives there."""
    with numpy.errstate(all="ignore"):  # what is not finite is lower nowhere
        return _verdict(run, landing)


def _verdict(run: Run, landing: Landing | None) -> Stop | Lead:
    output, when = run.output, after(run)
    if landing is None:
        why = "its second derivatives are not finite there"
        return Stop("rounding", f"{when}: whether {output} is lowest is not known: {why}")
    if point := onto_bounds(run, landing.scales, landing.room):
        return Lead(point, Stop("rounding", f"{output} still {run.falls}s {when}, onto a bound"))
    if endless := straight_on(run, landing):
        return endless
    if landing.bends_down:
        point = landing.lower_below()
        if point is not None and not (landing.is_level and _is_lower_behind(run, landing, point)):
            still = f"{output} still {run.falls}s {when}, towards {towards(run, point)}"
            return Lead(point, Stop("rounding", still))
        if point is not None:
            kind = "a top" if landing.is_top else "a saddle"
            return Lead(point, stationary(run, f"{kind}; ", point), kind)
    if not landing.is_low:
        point = landing.lower_ahead() or landing.lower_around()
        foretold = f"its second derivatives foretell a {run.falls} by {shown(landing.fall, 2)}"
        if point is not None:
            still = f"{output} still {run.falls}s {when}: {foretold}"
            return Lead(point, Stop("rounding", still))
        none = f"{output} is {lower(run)} at no point nearby that was tried, but {foretold}"
        if run.problem.objective.is_smooth and (found := recedes(run, landing)):
            return found
        if run.problem.objective.is_smooth and landing.fall <= _CLEARLY * landing.room:
            return Stop("rounding", f"{when}: {none}; rounding hides whether this is a {run.least}")
        return Stop("corner", f"{when}: {none}; perhaps this is a corner")
    if run.problem.objective.is_smooth and (found := recedes(run, landing)):
        return found
    point, flat = landing.flat()
    point = point or lower_on_soft_ways(run, landing) or landing.lower_around()
    if point is not None:
        # a few such steps in a valley lead slowly on: to its lowest point at once, if that is known
        floor = floor_at(run, landing) if run.followed == _A_FEW else None
        point = (floor and floor.lower) or lowest_on(run, point)
        return Lead(point, stationary(run, "", point, ", slowly"))
    hidden = valleys(run, landing)
    if hidden.point is not None:
        return Lead(hidden.point, stationary(run, "", hidden.point, ", slowly"))
    if hidden.open and not floor_at(run, landing).is_told:
        names = _names(run, landing, hidden.open)
        bends = f"rounding hides how {output} bends along {names}"
        return Stop("rounding", f"{when}: {bends}: whether this is a {run.least} is not known")
    if landing.is_steep:
        none = f"{output} is {lower(run)} at no point nearby that was tried, but it is steep"
        kinds = "the edge of its domain"
        if not run.problem.objective.is_smooth:
            kinds = f"a corner, or {kinds}"
        return Stop("corner", f"{when}: {none}; perhaps this is {kinds}")
    if not landing.has_moved and (fall := _sloping(landing)) > landing.room:
        none = f"{output} is {lower(run)} at no point nearby that was tried, but its slope"
        what = f"foretells a {run.falls} by {shown(fall, 2)}, and rounding, {shown(landing.rounding, 2)}"
        return Stop(
            "rounding", f"{when}: {none} {what}, hides whether this is a {run.least} or goes on"
        )
    if not (flat or landing.has_moved) and (found := slope_below_rounding(run, landing)):
        if isinstance(found, Stop):
            return found
        end = _lowest(run, landing, flat)  # for a method that does not go there
        return found._replace(stop=end if isinstance(end, Stop) else end.stop)
    return _lowest(run, landing, flat)


def _sloping(landing: Landing) -> float:
    """How far the output falls on a way that does not bend up, until one input has moved by its scale, if it
    goes on as it does here."""
    found = landing.spectrum
    slopes = zip(found.ways, found.slopes, found.bends, strict=True)
    return max(
        (abs(slope) * landing.reach(way) for way, slope, bend in slopes if bend <= found.lost),
        default=0.0,
    )


def _is_lower_behind(run: Run, landing: Landing, point: Point) -> bool:
    """Whether the output is not higher on the other side of here than at a lower point: else this is a slope,
    and perhaps a steep one to the edge where it has a value."""
    other = [2 * at - to for at, to in zip(run.x, point, strict=True)]
    return run.problem.known(run.problem.inside(other), inf) <= run.value + landing.room


def _lowest(run: Run, landing: Landing, flat: Sequence[Flat]) -> Stop | Lead:
    """The end of a run where no point nearby is lower."""
    output, when = run.output, after(run)
    if run.fallen and not landing.has_moved and (name := grown_far(run)):
        lost = shown(landing.rounding, 2)
        return unsure_far_away(run, name, f"rounding, {lost}, hides")
    still = f"what {output} could still {run.falls} is below its rounding"
    if not any(run.gradient):
        still = "every gradient is 0" if len(run.x) > 1 else "the gradient is 0"
    least = run.least
    both_ways = [each for each in flat if not each.rises]
    one_way = [each for each in flat if each.rises]
    alone = [
        each for each in both_ways if not _matter(landing, each) and landing.has_a_say(each.way)
    ]
    nothing = flat and not landing.range and not landing.rises_up
    smooth = run.problem.objective.is_smooth
    told = floor_at(run, landing) if flat and smooth and landing.range else None
    level: list[Any] = []
    if told and (told.is_unique or ((alone or one_way) and told.is_level)):
        level = [each.way for each in flat if told.is_level]
        alone, one_way, flat = [], [], []
    if alone or (one_way and smooth) or nothing:
        return _flat(run, landing, [each.way for each in alone or one_way or flat])
    if flat:
        names = _names(run, landing, [each.way for each in flat])
        move = "can move" if len(names.split(", ")) == 1 else "can move together"
        return Stop(
            f"{least}, not unique",
            f"converged: a {least}, not unique: {names} {move} and {output} stays the same; {still}",
        )
    if not run.problem.objective.is_smooth and (name := level_beside(run, landing)):
        return Stop(
            f"{least}, not unique",
            f"converged: a {least}, not unique: {name} can move and {output} stays the same; {still}",
        )
    others = other_minima(run, landing) if run.problem.objective.is_smooth else OtherMinima([])
    if others.lower:
        return Lead(others.lower, stationary(run, "", others.lower, ", slowly"))
    if others.onward:
        return _flat(run, landing, others.onward)
    if others.ways or level:
        names = _names(run, landing, others.ways or level)
        together = " together" if ", " in names else ""
        along = f"{names} can move{together} along a curve and {output} stays the same"
        return Stop(f"{least}, not unique", f"converged: a {least}, not unique: {along}; {still}")
    if smooth and landing.range and is_below_rounding(run, landing):
        if (floor := floor_at(run, landing)).leads_onward:
            falls_on = f"by many digits {output} {run.falls}s on, ever less"
            return Stop("rounding", f"{when}: {falls_on}: perhaps it has no {least} on this way")
        if floor.is_level:
            names = _names(run, landing, moving(run, landing, floor.beside))
            along = f"{names} can move and {output} stays the same"
            return Stop(
                f"{least}, not unique", f"converged: a {least}, not unique: {along}; {still}"
            )
        if not floor.is_known and (found := slope_below_rounding(run, landing)):
            return found
    if landing.pushed.any():
        return Stop(
            f"{least} at bounds",
            f"converged: a {least} at bounds: {_multipliers(run, landing)}; {still}",
        )
    return Stop(least, f"converged: a {least}: {still}")


def _flat(run: Run, landing: Landing, ways: Sequence[Any]) -> Stop:
    """The end of a run where the output hardly depends on the inputs that move along some ways."""
    names, advice = _names(run, landing, ways), "start elsewhere"
    if landing.has_moved:
        near = f"perhaps {run.output} only comes near to {shown(run.value * run.problem.sign, 3)}"
        advice = f"{near}, and a --target ends such a run sooner; or {advice}"
    return Stop(
        "flat", f"flat {after(run)}: {run.output} hardly depends on {names} there; {advice}"
    )


def _matter(landing: Landing, flat: Flat) -> bool:
    """Whether a flat way is one of several inputs, each of which bends the output by itself."""
    parts = landing.parts(flat.way)
    say = numpy.flatnonzero(parts > _HAS_A_SAY * parts.max())
    return len(say) > 1 and landing.matter(say, landing.reach(flat.way) * flat.way)


def _names(run: Run, landing: Landing, ways: Sequence[Any]) -> str:
    """The inputs that move along some ways, the largest moves first."""
    problem = run.problem
    sizes = numpy.zeros(len(run.x))
    for way in ways:
        parts = landing.parts(way)
        sizes = numpy.maximum(sizes, parts / (parts.max() or 1.0))
    order = numpy.argsort(-sizes, kind="stable").tolist()
    chosen = [at for at in order if sizes[at] > _HAS_A_SAY]
    names = [problem.names[at] for at in sorted(chosen[:NAMED])]
    more = f", … ({len(chosen)} in all)" if len(chosen) > NAMED else ""
    return ", ".join(names) + more


def _multipliers(run: Run, landing: Landing) -> str:
    """What bounds hold, and how the output would go on beyond them."""
    held = numpy.flatnonzero(landing.pushed).tolist()
    said = []
    for at in held[:NAMED]:
        name, slope = run.problem.names[at], run.gradient[at] * run.problem.sign
        said.append(f"{name} = {shown(run.x[at])} (∂{run.output}/∂{name} = {shown(slope, 3)})")
    return ", ".join(said) + (f", … ({len(held)} in all)" if len(held) > NAMED else "")
