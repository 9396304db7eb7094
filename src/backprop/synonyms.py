"""What people also write for a function of the language: other names that it has, and hints.

    ALIASES  read as the function: `ln(x)` is `log(x)`
    MEANT    only hinted, because it has several meanings or is a formula: `lg(x)` asks which is meant
    LATER    part of the language, but not computed by this version

In the texts of MEANT, `[x]`, `[y]` and `[z]` are the arguments of the call; `<x>` is one with
brackets where it is more than a name, a number or a call.
"""

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

MEANT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lg": ("log10([x])", "log2([x])"),
        "psi": ("digamma([x])", "polygamma([x], [y])"),
        "trigamma": ("polygamma(1, [x])",),
        "lngamma": ("lgamma([x])",),
        "gammaln": ("lgamma([x])",),
        "loggamma": ("lgamma([x])",),
        "where": ("if([x], [y], [z])",),
        "ifelse": ("if([x], [y], [z])",),
        "iif": ("if([x], [y], [z])",),
        "heaviside": (
            "if(<x> >= 0, 1, 0)",
            "if(<x> > 0, 1, 0)",
            "(1 + sign([x]))/2",
            "if(<x> > 0, 1, if(<x> < 0, 0, [y]))",
        ),
        "step": ("if(<x> >= 0, 1, 0)",),
        "square": ("<x>^2",),
        "sqr": ("<x>^2", "sqrt([x])"),
        "cube": ("<x>^3",),
        "exp10": ("10^<x>",),
        "int": ("floor([x])", "sign([x])*floor(abs([x]))", "round([x])"),
        "trunc": ("sign([x])*floor(abs([x]))",),
        "frac": ("mod([x], 1)",),
        "fmod": ("sign([x])*mod(abs([x]), abs([y]))",),
        "logit": ("log(<x>/(1 - <x>))",),
        "clip": ("clamp([x], [y], [z])",),
        "power": ("<x>^<y>",),
        "ceiling": ("ceil([x])",),
        "tg": ("tan([x])",),
        "ctg": ("cot([x])",),
        "cotan": ("cot([x])",),
        "cotg": ("cot([x])",),
        "cosec": ("csc([x])",),
        "sech": ("1/cosh([x])",),
        "csch": ("1/sinh([x])",),
        "coth": ("1/tanh([x])",),
        "acot": ("atan(1/<x>)", "pi/2 - atan([x])"),
        "arccot": ("atan(1/<x>)", "pi/2 - atan([x])"),
        "asec": ("acos(1/<x>)",),
        "arcsec": ("acos(1/<x>)",),
        "acsc": ("asin(1/<x>)",),
        "arccsc": ("asin(1/<x>)",),
        "phi": ("normcdf([x])", "normpdf([x])"),
        "ndtr": ("normcdf([x])",),
    }
)  # fmt: skip
"""Names that have no function, in small letters, and what may be meant."""

LATER: Mapping[str, str] = MappingProxyType(
    {
        "dot": "write it out: sum(a[i]*b[i] for i in 1..n)",
        "norm": "write it out: sqrt(sum(a[i]^2 for i in 1..n))",
        "softmax": "write it out: exp(t[c] - logsumexp(t[i] for i in 1..n))",
        "count": "give the number of rows a name of its own: n = 100",
        "derivative": "backprop grad shows the derivatives of an output",
    }
)
"""Functions that are part of the language, and what to do without them."""
