"""What torch.optim does, step by step, in float64: writes tests/tables/torch_trajectories.json.

    python tests/torch_trajectories.py

needs torch, which the tests do not: they read the table only. Every number in it is written so that
it reads back as the same float64. For each run the program prints the loss before and after, and
how far, relatively, the parameters of any recorded step move when the start does by 1e-15. A run
that moves by 1e-13 or more is no measure of 12 digits, and nothing is written.

The table:

- `torch`: the version; `defaults`: the options that torch takes when none are given, for each
  optimizer (the momentum of `momentum` and `nesterov` is ours: torch's default is none).
- `problems`: by name, the parameters' `names`, their `start`, and `equations` for our own reader.
- `runs`: `problem`; `optimizer`; all of its `options`; `schedule`, null or its torch arguments with
  its `name`; `clip`, null or the norm that a longer gradient is shortened to; `steps`, the
  parameters after so many updates; `losses` there; with a schedule, `rates`, the learning rate that
  the update which led there had.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import lr_scheduler

TABLE = Path(__file__).parent / "tables" / "torch_trajectories.json"
STEPS = (1, 2, 3, 5, *range(10, 101, 10))
NUDGE = 1e-15
TOLERATED = 1e-13
"""How far a nudged start may move a recorded step: a test of 12 digits needs some room."""


@dataclass(frozen=True)
class Problem:
    """A function to make small, in torch and in our language."""

    names: list[str]
    start: list[float]
    equations: str
    loss: Callable[[Tensor], Tensor]


def _rosenbrock(point: Tensor) -> Tensor:
    x, y = point.unbind()
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


ROWS, COLUMNS = 20, 10
MATRIX = [[((3 * i + 5 * j + i * j) % 17 - 8) / 8 for j in range(COLUMNS)] for i in range(ROWS)]
RIGHT = [2 * sum(row) + ((5 * i) % 13 - 6) / 4 for i, row in enumerate(MATRIX)]
"""Eighths and quarters, which decimals hold exactly. The rank is full: the second derivative has
eigenvalues from 0.058 to 1.67. The solution is near 2, 2, …, so that on the way there from the start
no parameter passes 0, where digits would be lost that are not the optimizer's fault."""


def _least_squares(weights: Tensor) -> Tensor:
    residuals = torch.tensor(MATRIX) @ weights - torch.tensor(RIGHT)
    return (residuals**2).sum() / ROWS


def _residual(i: int) -> str:
    """`r1 = -0.625*w0 + 0.125*w1 + … - 0.25*w9 + 0.5`: row i in our language."""
    terms = [(entry, f"w{j}") for j, entry in enumerate(MATRIX[i])] + [(-RIGHT[i], "")]
    text = ""
    for factor, name in terms:
        size = f"{abs(factor)}*{name}" if name and abs(factor) != 1 else name or f"{abs(factor)}"
        if factor:
            sign = "-" if factor < 0 else "+"
            text += f" {sign} {size}" if text else sign.removeprefix("+") + size
    return f"r{i} = {text}"


PROBLEMS = {
    "rosenbrock": Problem(
        names=["x", "y"],
        start=[-1.2, 1.0],
        equations="L = (1 - x)^2 + 100*(y - x^2)^2",
        loss=_rosenbrock,
    ),
    "least squares": Problem(
        names=[f"w{j}" for j in range(COLUMNS)],
        start=[(5 + j) / 10 for j in range(COLUMNS)],
        equations="\n".join(
            [
                *map(_residual, range(ROWS)),
                f"L = ({' + '.join(f'r{i}^2' for i in range(ROWS))})/{ROWS}",
            ]
        ),
        loss=_least_squares,
    ),
}

OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any], str]] = {
    "gd": (torch.optim.SGD, {}, "lr"),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, "lr momentum"),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, "lr momentum"),
    "adagrad": (torch.optim.Adagrad, {}, "lr lr_decay eps"),
    "adadelta": (torch.optim.Adadelta, {}, "lr rho eps"),
    "rmsprop": (torch.optim.RMSprop, {}, "lr alpha eps"),
    "adam": (torch.optim.Adam, {}, "lr beta1 beta2 eps"),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}, "lr beta1 beta2 eps"),
    "adamw": (torch.optim.AdamW, {}, "lr beta1 beta2 eps weight_decay"),
    "adamax": (torch.optim.Adamax, {}, "lr beta1 beta2 eps"),
    "nadam": (torch.optim.NAdam, {}, "lr beta1 beta2 eps psi"),
    "radam": (torch.optim.RAdam, {}, "lr beta1 beta2 eps"),
    "rprop": (torch.optim.Rprop, {}, "lr eta_minus eta_plus smallest largest"),
}
"""By our name: torch's class, what makes it that optimizer, and the options that are recorded."""

PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("smallest", "largest"),
}
"""torch's options that are two of ours."""

SCHEDULES: dict[str, type[lr_scheduler.LRScheduler]] = {
    "exponential": lr_scheduler.ExponentialLR,
    "cosine": lr_scheduler.CosineAnnealingLR,
    "step": lr_scheduler.StepLR,
    "linear": lr_scheduler.LinearLR,
}


@dataclass(frozen=True)
class Run:
    """One run: `options` are torch's, beyond those that make the optimizer what it is."""

    problem: str
    optimizer: str
    options: dict[str, Any]
    schedule: dict[str, Any] | None = None
    clip: float | None = None


@dataclass
class Track:
    """What is recorded of a run, by the number of updates made."""

    steps: dict[int, list[float]] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    rates: dict[int, float] = field(default_factory=dict)


def _both(optimizer: str, rosenbrock: float, least_squares: float, **options: Any) -> list[Run]:
    """The same optimizer on both problems, each with its learning rate."""
    return [
        Run("rosenbrock", optimizer, {"lr": rosenbrock, **options}),
        Run("least squares", optimizer, {"lr": least_squares, **options}),
    ]


RUNS = [
    *_both("gd", 1e-3, 0.5),
    *_both("momentum", 1e-4, 0.1),
    *_both("nesterov", 1e-4, 0.1),
    *_both("adagrad", 0.5, 0.5),
    *_both("adadelta", 1.0, 1.0),
    *_both("rmsprop", 0.01, 0.01),
    *_both("adam", 0.05, 0.05),
    *_both("amsgrad", 0.05, 0.05),
    *_both("adamw", 0.05, 0.05),
    *_both("adamax", 0.05, 0.05),
    *_both("nadam", 0.02, 0.05),
    *_both("radam", 1e-3, 0.05),
    *_both("rprop", 0.01, 0.01),
    # each option away from its default
    *_both("momentum", 1e-3, 0.3, momentum=0.5),
    *_both("adagrad", 0.5, 0.5, lr_decay=0.05),
    *_both("rmsprop", 0.002, 0.01, alpha=0.9),
    *_both("adam", 0.05, 0.05, betas=(0.8, 0.95), eps=1e-4),
    *_both("adamw", 0.05, 0.05, weight_decay=0.1),
    *_both("rprop", 0.01, 0.01, etas=(0.4, 1.3)),
    Run("rosenbrock", "nesterov", {"lr": 5e-4, "momentum": 0.5}),
    Run("rosenbrock", "adadelta", {"lr": 0.5, "rho": 0.95, "eps": 3e-5}),
    Run("rosenbrock", "adamax", {"lr": 0.03, "betas": (0.8, 0.98), "eps": 1e-2}),
    Run("rosenbrock", "nadam", {"lr": 0.02, "momentum_decay": 0.1}),
    Run("rosenbrock", "radam", {"lr": 1e-3, "betas": (0.8, 0.95), "eps": 1e-4}),
    Run("rosenbrock", "rprop", {"lr": 0.01, "step_sizes": (4e-3, 0.03)}),
    # schedules
    Run("least squares", "gd", {"lr": 0.5}, {"name": "exponential", "gamma": 0.97}),
    Run("least squares", "gd", {"lr": 0.5}, {"name": "cosine", "T_max": 100, "eta_min": 0.0}),
    Run("least squares", "gd", {"lr": 0.5}, {"name": "step", "step_size": 10, "gamma": 0.5}),
    Run(
        "least squares",
        "gd",
        {"lr": 0.5},
        {"name": "linear", "start_factor": 1.0, "end_factor": 0.1, "total_iters": 100},
    ),
    # a gradient that is always too long, and one that is at first
    Run("rosenbrock", "gd", {"lr": 1e-3}, clip=1.0),
    Run("rosenbrock", "gd", {"lr": 1e-3}, clip=10.0),
]


def _optimizer(name: str, point: Tensor, options: dict[str, Any]) -> torch.optim.Optimizer:
    kind, given, _ = OPTIMIZERS[name]
    build: Callable[..., torch.optim.Optimizer] = kind
    return build([point], **given | options)


def _options(name: str, options: dict[str, Any]) -> dict[str, float]:
    """The options that the optimizer has, asked of torch, under our names."""
    found: dict[str, float] = {}
    (group,) = _optimizer(name, torch.zeros(1), options).param_groups
    for key, value in group.items():
        if key in PAIRS:
            found.update(zip(PAIRS[key], value, strict=True))
        else:
            found["psi" if key == "momentum_decay" else key] = value
    return {key: float(found[key]) for key in OPTIMIZERS[name][2].split()}


def _schedule(optimizer: torch.optim.Optimizer, given: dict[str, Any]) -> lr_scheduler.LRScheduler:
    build: Callable[..., lr_scheduler.LRScheduler] = SCHEDULES[given["name"]]
    return build(optimizer, **{key: value for key, value in given.items() if key != "name"})


def track(run: Run, start: list[float]) -> Track:
    """Do the run from `start`."""
    loss = PROBLEMS[run.problem].loss
    point = torch.tensor(start, requires_grad=True)
    optimizer = _optimizer(run.optimizer, point, run.options)
    schedule = _schedule(optimizer, run.schedule) if run.schedule else None
    known = Track()
    for step in range(1, max(STEPS) + 1):
        (gradient,) = torch.autograd.grad(loss(point), point)
        if run.clip is not None:
            # by hand, since clip_grad_norm_ divides by the norm + 1e-6
            gradient = gradient * min(1.0, run.clip / float(gradient.norm()))
        point.grad = gradient
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if schedule:
            schedule.step()
        if step in STEPS:
            known.steps[step] = point.tolist()
            known.losses[step] = float(loss(point.detach()))
            known.rates[step] = float(rate)
    return known


def _nudged(start: list[float]) -> Iterator[list[float]]:
    """Starts that are 1e-15 away: all up, all down, and to and fro by turns."""
    for signs in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        yield [value * (1 + NUDGE * signs[i % 2]) for i, value in enumerate(start)]


def sensitivity(run: Run, known: Track) -> float:
    """The largest relative change of a parameter at a recorded step, from nudged starts."""
    others = [track(run, start) for start in _nudged(PROBLEMS[run.problem].start)]
    return max(
        abs(moved - value) / abs(value)
        for other in others
        for step, values in known.steps.items()
        for value, moved in zip(values, other.steps[step], strict=True)
    )


def _text(value: Any, indent: str = "") -> str:
    """JSON with a line for each row of numbers: a change of one step is a change of one line."""
    inner = indent + " "
    if isinstance(value, dict) and any(isinstance(each, dict | list) for each in value.values()):
        rows = [
            f"{inner}{json.dumps(str(key))}: {_text(each, inner)}" for key, each in value.items()
        ]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        rows = [inner + _text(each, inner) for each in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def _entry(run: Run) -> dict[str, Any]:
    """The run as it stands in the table, once it is known to be steady."""
    problem = PROBLEMS[run.problem]
    known = track(run, problem.start)
    moved = sensitivity(run, known)
    options = _options(run.optimizer, run.options)
    before, after = float(problem.loss(torch.tensor(problem.start))), known.losses[max(STEPS)]
    extra = f" {run.schedule['name']}" if run.schedule else f" clip {run.clip}" if run.clip else ""
    print(
        f"{moved:.0e}  {before:.4g} → {after:.4g}  {run.problem}, {run.optimizer}{extra} {options}"
    )
    if not moved < TOLERATED:
        raise SystemExit("too sensitive for a table: another learning rate?")
    entry = {
        "problem": run.problem,
        "optimizer": run.optimizer,
        "options": options,
        "schedule": run.schedule,
        "clip": run.clip,
        "steps": known.steps,
        "losses": known.losses,
    }
    return entry | ({"rates": known.rates} if run.schedule else {})


def main() -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # or NAdam would keep the product of its mu in float32
    table = {
        "torch": str(torch.__version__),
        "defaults": {name: _options(name, {}) for name in OPTIMIZERS},
        "problems": {
            name: {"names": each.names, "start": each.start, "equations": each.equations}
            for name, each in PROBLEMS.items()
        },
        "runs": [_entry(run) for run in RUNS],
    }
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(_text(table) + "\n", "utf-8")


if __name__ == "__main__":
    main()
