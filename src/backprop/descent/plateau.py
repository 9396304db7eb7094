"""The end of a run where the output is flat, and a jump leads there or elsewhere: no minimum for sure."""

from collections.abc import Sequence
from math import inf

from backprop.descent.course import Run, Stop
from backprop.descent.graph_at_hand import graph_at_hand
from backprop.descent.leads import after
from backprop.descent.objective import Ending, Point
from backprop.evaluation.borders import conditions
from backprop.evaluation.diagnosis import own_text
from backprop.evaluation.gradient import Evaluation
from backprop.graph import in_order
from backprop.operations import OPERATIONS
from backprop.row import COMPARISON
from backprop.values import forward, having_say

_ASIDE = 1e-3
"""How far a parameter is moved to see whether the output is flat, relative to numbers above 1."""

_HALVED = 100
"""So often the way between two points is halved, until nothing is left of it."""

_JUMP = 1e-9
"""The part of what the run has changed that a jump is larger than."""


def on_plateau(run: Run, stop: Stop, ended: Ending) -> Stop | None:
    """The end of a run on a plateau, by the jump that it came by, or that is elsewhere; None for
    other ends."""
    if stop.cause not in ("rest", "gradient", "change") or all(run.gradient):
        return None
    if ended.continuous:
        return None
    if graph_at_hand(run.problem.objective) is None:
        why = _by_values(run)
        return Stop("flat", f"flat {after(run)}: {why}; start elsewhere") if why else None
    at = ended.evaluation()
    say = having_say(at.graph, at.graph.order, at.numbers.data)
    why = _landed(run, at, say)
    if not why and not any(run.gradient):
        why = _elsewhere(run, at, say)
    return Stop("flat", f"flat {after(run)}: {why}; start elsewhere") if why else None


def _by_values(run: Run) -> str:
    """What to say of an output that jumps elsewhere where every gradient is 0; "" if there is none."""
    operations = getattr(run.problem.objective, "operations", ())
    jump = next((each for each in sorted(operations) if OPERATIONS[each].jump), None)
    if jump is None or any(run.gradient) or _bends(run):
        return ""
    return f"every gradient is 0, but this may be a plateau: a {jump!r} jumps elsewhere"


def _elsewhere(run: Run, ended: Evaluation, say: Sequence[int]) -> str:
    """What to say of an operation that jumps elsewhere where every gradient is 0; "" if there is none."""
    graph, model = ended.graph, run.problem.model
    jumps = [step for step in say if OPERATIONS[graph.op(step)].jump]
    jump = next((step for step in jumps if run.problem.objective.graph.moved([step])), None)
    if jump is None or _bends(run):
        return ""
    text = own_text(model, jump, 40) or f"a {graph.op(jump)!r}"
    return f"every gradient is 0, but this may be a plateau: {text} jumps elsewhere"


def _bends(run: Run) -> bool:
    """Whether the output bends up along all ways, or down along one."""
    from backprop.descent.landing import landed  # numpy is not always wanted

    landing = landed(run)
    found = landing and landing.spectrum
    if not found or not len(found.bends):
        return False
    return not -found.lost <= float(found.bends.min()) <= found.lost


def _landed(run: Run, ended: Evaluation, say: Sequence[int]) -> str:
    """What to say of a condition that has changed since the start, where the output jumps at that
    change and does not depend now on what the condition is about; "" if there is none."""
    graph, problem, objective = ended.graph, run.problem, run.problem.objective.graph
    rows = [(step, OPERATIONS[graph.op(step)]) for step in say]
    asked = {step for step, row in rows if row.binding == COMPARISON}
    asked.update(graph.operands(step)[at] for step, row in rows for at in conditions(row))
    for node in sorted(asked):
        if not objective.moved([node]) and node not in objective.leaves:
            continue
        order = in_order([node], graph.operands)
        about = [at for at, leaf in enumerate(objective.leaves) if leaf in {*order}]
        if all(run.gradient[at] == 0.0 for at in about) and _flat(run, about):
            if not (ends := _border(run, ended, node, order)):
                continue
            sides = [problem.known(x, run.value) for x in ends]
            least = _JUMP * max(abs(run.start.value * problem.sign - run.value), *map(abs, sides))
            if abs(sides[1] - sides[0]) > least:
                text = own_text(problem.model, node, 40) or "a condition"
                return f"this may be a plateau: {problem.output} jumps where {text} changes"
    return ""


def _flat(run: Run, about: Sequence[int]) -> bool:
    """Whether the output stays what it is when one of these parameters is moved a little, at least
    one way: the end may stand on the border itself."""
    problem = run.problem

    def moved(at: int, side: float) -> Point:
        x = [*run.x]
        x[at] += side * max(1.0, abs(x[at]))
        return problem.inside(x)

    return all(
        any(problem.known(moved(at, side), inf) == run.value for side in (-_ASIDE, _ASIDE))
        for at in about
    )


def _border(run: Run, ended: Evaluation, node: int, order: Sequence[int]) -> list[Point]:
    """Two points next to one another, on the straight way from the start to the end, between which a
    condition changes; none if it is the same at both ends. order: what leads to it."""
    graph, problem = ended.graph, run.problem
    begin = run.begun
    data = {each: ended.numbers.data[each] for each in order}
    steps = [each for each in order if graph.is_step(each)]

    def point(part: float) -> Point:
        return (
            [a + part * (b - a) for a, b in zip(begin, run.x, strict=True)] if part < 1 else run.x
        )

    def true(part: float) -> bool:
        data.update(zip(problem.objective.graph.leaves, point(part), strict=True))
        forward(graph, steps, data)
        return data[node] != 0

    low, high = 0.0, 1.0
    if true(low) == (there := true(high)):
        return []
    for _ in range(_HALVED):
        middle = (low + high) / 2
        if true(middle) == there:
            high = middle
        else:
            low = middle
    return [point(low), point(high)]
