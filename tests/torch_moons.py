"""The loss of examples/two_moons.eq and its gradients by torch, in float64: writes tests/tables/torch_moons.json.

    python tests/torch_moons.py

needs torch, which the tests do not: they read the table only. Points, labels and the parameters of
the default seed are asked of `backprop grad`; the network is built here anew, and the gradients are
torch's own. Every number is written so that it reads back as the same float64.

The table: `torch`: the version; `loss`; `parameters`: those 337 numbers by their names in the example;
`gradients` of the loss by each of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

TABLE = Path(__file__).parent / "tables" / "torch_moons.json"
SHAPES = {"wh": (16, 2), "bh": (16,), "wg": (16, 16), "bg": (16,), "wo": (16,), "bo": ()}
POINTS = 100


def _data() -> dict[str, float]:
    """Every number of the example at the default seed."""
    file = resources.files("backprop") / "examples" / "two_moons.eq"
    command = [sys.executable, "-m", "backprop", "grad", "-", "--of", "loss", "--format", "json"]
    ran = subprocess.run(command, input=file.read_bytes(), stdout=subprocess.PIPE, check=True)
    data: dict[str, float] = json.loads(ran.stdout)["data"]
    return data


def _names(family: str, shape: tuple[int, ...]) -> list[str]:
    """`w[1,1]`, `w[1,2]`, …: row by row, as torch flattens."""
    rows: list[list[int]] = [[]]
    for size in shape:
        rows = [[*row, at] for row in rows for at in range(1, size + 1)]
    return [f"{family}[{','.join(map(str, row))}]" if row else family for row in rows]


def _tensor(data: dict[str, float], family: str, shape: tuple[int, ...]) -> Tensor:
    return torch.tensor([data[name] for name in _names(family, shape)]).reshape(shape)


def main() -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    data = _data()
    x = _tensor(data, "x", (POINTS, 2))
    t = _tensor(data, "t", (POINTS,))
    of = {name: _tensor(data, name, shape).requires_grad_() for name, shape in SHAPES.items()}
    h = torch.tanh(torch.nn.functional.linear(x, of["wh"], of["bh"]))
    g = torch.tanh(torch.nn.functional.linear(h, of["wg"], of["bg"]))
    loss = torch.nn.functional.softplus(-t * (g @ of["wo"] + of["bo"])).mean()
    slopes = torch.autograd.grad(loss, list(of.values()))
    table: dict[str, Any] = {
        "torch": str(torch.__version__),
        "loss": loss.item(),
        "parameters": {},
        "gradients": {},
    }
    for (family, shape), slope in zip(SHAPES.items(), slopes, strict=True):
        names = _names(family, shape)
        table["parameters"].update({name: data[name] for name in names})
        table["gradients"].update(zip(names, slope.flatten().tolist(), strict=True))
    assert len(table["gradients"]) == 337
    TABLE.write_text(json.dumps(table, indent=1, allow_nan=False) + "\n", "utf-8")
    print(f"loss {table['loss']}, {len(table['gradients'])} gradients")


if __name__ == "__main__":
    main()
