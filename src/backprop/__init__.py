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

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike

    from backprop import errors
    from backprop.descent import Descent
    from backprop.errors import BackpropError
    from backprop.evaluation.gradient import Gradient
    from backprop.evaluation.program import Program, compile  # noqa: A004
    from backprop.language import Model
    from backprop.values import Value

__version__ = "0.1.0"
__all__ = [
    "BackpropError",
    "Descent",
    "Gradient",
    "Model",
    "Program",
    "Value",
    "compile",
    "errors",
    "load",
    "parse",
]

_HOMES = {
    "BackpropError": "backprop.errors",
    "Descent": "backprop.descent",
    "Gradient": "backprop.engine",
    "Model": "backprop.language",
    "Program": "backprop.evaluation.program",
    "compile": "backprop.evaluation.program",
    "Value": "backprop.values",
}


def parse(text: str, name: str = "<text>", *, seed: int = 0) -> Model:
    """The Model of an equation text. `name` is what error messages call the text; `seed` that of the
    inputs that are drawn at random.

    Raises BackpropError, whose `all` has every error found.
    """
    from backprop.language import read_model
    from backprop.source import Source

    return read_model(Source(name, text.removeprefix("\ufeff")), seed)


def load(path: str | PathLike[str], *, seed: int = 0) -> Model:
    """The Model of an equation file, which is UTF-8. Raises BackpropError, CannotRead included."""
    from backprop.files import read_source
    from backprop.language import read_model

    return read_model(read_source(path), seed)


def __getattr__(name: str) -> Any:
    """The names above, and every function of the table of operations: `backprop.exp(x)`."""
    if name == "errors":
        return import_module("backprop.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name.startswith("__"):
        raise AttributeError(name)
    from backprop.values import function

    return function(name)


def __dir__() -> list[str]:
    from backprop.operations import FUNCTIONS

    return sorted({*__all__, *FUNCTIONS, "if_"})
