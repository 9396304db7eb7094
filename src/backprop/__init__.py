"""Exact gradients of equations: parse a text, ask for the gradient of every name.

    >>> import backprop
    >>> model = backprop.parse("e = a*b; d = e+c; L = d*f")
    >>> gradient = model.grad({"a": 2, "b": -3, "c": 10, "f": -2})
    >>> gradient.value, gradient.gradients["a"]
    (-8.0, 6.0)

`Value` does the same in Python, step by step; every function of the language is here as well:
`backprop.tanh(x)`.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from backprop import errors
from backprop.engine import Gradient
from backprop.errors import BackpropError
from backprop.files import read_source
from backprop.language import Model, read_model
from backprop.source import Source
from backprop.values import Value, function

__version__ = "0.1.0"
__all__ = ["BackpropError", "Gradient", "Model", "Value", "errors", "load", "parse"]


def parse(text: str, name: str = "<text>") -> Model:
    """The Model of an equation text. `name` is what error messages call the text.

    Raises BackpropError, whose `all` has every error found.
    """
    return read_model(Source(name, text.removeprefix("\ufeff")))


def load(path: str | PathLike[str]) -> Model:
    """The Model of an equation file, which is UTF-8. Raises BackpropError, CannotRead included."""
    return read_model(read_source(path))


def __getattr__(name: str) -> Callable[..., Value]:
    """Every function of the table of operations: `backprop.exp(x)`."""
    return function(name)
