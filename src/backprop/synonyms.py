"""What people also write for a function of the language: `ln(x)` is read as `log(x)`. What is only hinted
stands in `meanings.py`."""

from collections.abc import Mapping
from types import MappingProxyType

_INVERSE = "sin cos tan tan2 sinh cosh tanh".split()

ALIASES: Mapping[str, str] = MappingProxyType(
    {"pow": "^", "ln": "log", "sgn": "sign", "fabs": "abs", "tgamma": "gamma"}
    | {"expit": "sigmoid", "logistic": "sigmoid", "swish": "silu", "logaddexp": "logsumexp"}
    | {f"arc{name}": f"a{name}" for name in _INVERSE}
    | {f"ar{name}": f"a{name}" for name in _INVERSE if name.endswith("h")}
)
"""Other names of functions, and the rows of the table of operations that they stand for."""
