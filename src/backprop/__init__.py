"""Exact gradients of equations: parse a text, ask for the gradient of every name.

    >>> import backprop
    >>> model = backprop.parse("e = a*b; d = e+c; L = d*f")
    >>> gradient = model.grad({"a": 2, "b": -3, "c": 10, "f": -2})
    >>> gradient.value, gradient.gradients["a"]
    (-8.0, 6.0)

`Value` does the same in Python, step by step, and every function of the language is here as well:
`backprop.tanh(x)`. Names are imported when they are first used, so that the command starts fast.
"""

from __future__ import annotations

TYPE_CHECKING = False  # of `typing`, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from backprop import errors
    from backprop.api import Gradient, Model, Program, Value, compile, load, parse  # noqa: A004
    from backprop.data_tables import read_data
    from backprop.descent import Descent
    from backprop.errors import BackpropError

__version__ = "0.1.0"
__all__ = [
    "BackpropError", "Descent", "Gradient", "Model", "Program", "Value", "compile", "errors", "load",
    "parse", "read_data",
]  # fmt: skip

_HOMES = {
    "backprop.api": ("Gradient", "Model", "Program", "Value", "compile", "load", "parse"),
    "backprop.data_tables": ("read_data",),
    "backprop.descent": ("Descent",),
    "backprop.errors": ("BackpropError",),
}


def __getattr__(name: str) -> Any:
    """The names above, and every function of the table of operations: `backprop.exp(x)`."""
    from importlib import import_module

    if name == "errors":
        return import_module("backprop.errors")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    if name.startswith("__"):
        raise AttributeError(name)
    from backprop.values import function

    function(name)  # AttributeError if there is none, and then it may be a module
    from backprop.api import Value

    return function(name, kind=Value)


def __dir__() -> list[str]:
    from backprop.operations import FUNCTIONS

    return sorted({*__all__, *FUNCTIONS, "if_"})
