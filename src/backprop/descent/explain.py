"""One update, written out with its numbers."""

from __future__ import annotations

from math import isfinite

from backprop.descent.first_order import Explained, FirstOrder
from backprop.descent.problem import Problem
from backprop.descent.update import formulas, written
from backprop.numbers import printed

_MOST_PARAMETERS = 20
_MOST_TRIALS = 8


def explanation(method: FirstOrder, problem: Problem) -> list[str]:
    """The lines that explain the update that a method has kept, if any: the formula, the step size, then
    `a ← 2 − 0.001·6 = 1.994`."""
    row, kept = method.row, method.explained
    if kept is None:
        return []
    lr, after, _ = kept.update
    lines = [f"step {kept.number} by {row.name}: {'; '.join(formulas(row))}"]
    meaning = f"{'−' if problem.sign < 0 else ''}∂{problem.output}/∂x"
    if kept.clip != 1:
        meaning += f"·{printed(kept.clip)}, clipped"
    lines.append(f"  g = {meaning}; lr = {printed(lr)}{_searched(kept, problem.output)}")
    if kept.k == 1 < kept.number and row.state:
        lines.append("  its memory begins anew here, because it led uphill")
    for at, name in enumerate(problem.names[:_MOST_PARAMETERS]):
        memory = {key: column[at] for key, column in kept.state.items()}
        own = {"x": kept.x[at], "g": kept.gradient[at], "k": float(kept.k), "lr": lr}
        update, computed = written(row, {**method.options, **own, **memory}, name)
        lines += [f"  {line}" for line in update]
        if abs(computed - after[at]) > 1e-9 * max(1.0, abs(computed)):
            lines.append(f"  {name} ← {printed(after[at])}, its bound")
    if len(problem.names) > _MOST_PARAMETERS:
        lines.append(f"  … and {len(problem.names) - _MOST_PARAMETERS} more parameters")
    return lines


def _searched(kept: Explained, output: str) -> str:
    """What a line search tried before it found its step size."""
    if not kept.trials:
        return ""
    *failed, last = kept.trials
    found = f", found by line search: {output} = {printed(last.value)} there"
    shown = [
        f"lr {printed(lr)} → {printed(value) if isfinite(value) else 'no value'}"
        for lr, value in failed[:_MOST_TRIALS]
    ]
    more = ", …" if len(failed) > _MOST_TRIALS else ""
    return f"{found}, too little fall before ({'; '.join(shown)}{more})" if shown else found
