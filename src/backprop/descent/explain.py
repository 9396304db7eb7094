"""One update, written out with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop.descent.first_order import Explained
from backprop.descent.optimizers import Optimizer
from backprop.descent.update import formulas, written
from backprop.numbers import printed

_MOST_PARAMETERS = 20
_MOST_TRIALS = 8


def explanation(
    row: Optimizer,
    options: Mapping[str, float],
    names: Sequence[str],
    output: str,
    kept: Explained,
    maximize: bool,
) -> list[str]:
    """The lines that explain the update: the formula, the step size, then `a ← 2 − 0.001·6 = 1.994`."""
    lines = [f"step {kept.number} by {row.name}: {'; '.join(formulas(row))}"]
    meaning = f"−∂{output}/∂x" if maximize else f"∂{output}/∂x"
    if kept.clip != 1:
        meaning += f"·{printed(kept.clip)}, clipped"
    lines.append(f"  g = {meaning}; lr = {printed(kept.lr)}{_searched(kept, output)}")
    if kept.k == 1 < kept.number and row.state:
        lines.append("  its memory begins anew here, because it led uphill")
    for at, name in enumerate(names[:_MOST_PARAMETERS]):
        numbers = {
            **options,
            "x": kept.x[at],
            "g": kept.gradient[at],
            "k": float(kept.k),
            "lr": kept.lr,
            **{key: column[at] for key, column in kept.state.items()},
        }
        update, computed = written(row, numbers, name)
        lines += [f"  {line}" for line in update]
        if abs(computed - kept.after[at]) > 1e-9 * max(1.0, abs(computed)):
            lines.append(f"  {name} ← {printed(kept.after[at])}, its bound")
    if len(names) > _MOST_PARAMETERS:
        lines.append(f"  … and {len(names) - _MOST_PARAMETERS} more parameters")
    return lines


def _searched(kept: Explained, output: str) -> str:
    """What a line search tried before it found its step size."""
    if not kept.trials:
        return ""
    failed = kept.trials[:-1]
    found = f", found by line search: {output} = {printed(kept.trials[-1].value)} there"
    if not failed:
        return found
    shown = [
        f"lr {printed(trial.lr)} → "
        + (printed(trial.value) if abs(trial.value) < float("inf") else "no value")
        for trial in failed[:_MOST_TRIALS]
    ]
    more = ", …" if len(failed) > _MOST_TRIALS else ""
    return f"{found}, too little fall before ({'; '.join(shown)}{more})"
