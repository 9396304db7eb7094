"""How operations are spelled in JavaScript: the only file that knows, beside `helpers.js`.

What has a row neither here nor in `helpers.js` is written from the table's own text: its value in the
equation language becomes a function. To add a language, write such a table, a file of what the
language lacks, and a template.
"""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

TRUTH = " ? 1 : 0)"
"""How what is true or false becomes a number."""

PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        **{name: f"({{}}{name}{{}})" for name in "*/"},
        **{name: f"({{}} {name} {{}})" for name in "+-"},
        "neg": "(-{})",
        "copy": "{}",
        "if": "({} ? {} : {})",
        **{name: f"({{}} {name} {{}}{TRUTH}" for name in ("<", "<=", ">", ">=")},
        "==": f"({{}} === {{}}{TRUTH}",
        "!=": f"({{}} !== {{}}{TRUTH}",
        "exp2": "Math.pow(2, {})",
        "sqrt": "(Math.sqrt({}) + 0)",
        "sign": "(Math.sign({}) + 0)",
        **{
            name: f"Math.{name}({{}})"
            for name in "exp expm1 log log2 log10 log1p cbrt sin cos tan asin acos atan sinh cosh tanh asinh"
            " acosh atanh abs floor ceil".split()
        },
        "hypot": "Math.hypot({}, {})",
        "atan2": "Math.atan2({}, {})",
    }
)
"""Operations that the language has; the square root and the sign of -0 are 0."""

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "^": "power", "mod": "modulo", "round": "nearest", "pivot": "pivot",
        **{name: name for name in "erf erfc gamma lgamma digamma polygamma".split()},
    }
)  # fmt: skip
"""Operations that are functions of `helpers.js`."""

WIDE: Mapping[str, str] = MappingProxyType(
    {
        "+": "wideSum", "-": "wideDifference", "*": "wideProduct", "/": "wideQuotient",
        "^": "widePowers", "neg": "wideNegative", "copy": "wideCopy", "abs": "wideSize",
        "relu": "wideRelu", "sqrt": "wideSquareRoot", "exp": "wideExponential",
        "exp2": "wideExponential2", "max": "wideMost", "min": "wideLeast", "log": "wideLogarithm",
        "log2": "wideLogarithm2", "log10": "wideLogarithm10", "log1p": "wideLogarithm1",
        "atan": "wideArctangent", "cbrt": "wideCubeRoot", "hypot": "wideHypotenuse",
    }
)  # fmt: skip
"""Operations that `wide.js` has for numbers beyond the range of doubles."""


def number(value: float) -> str:
    """A number as JavaScript reads it."""
    if value != value:
        return "NaN"
    if value in (inf, -inf):
        return "Infinity" if value > 0 else "(-Infinity)"
    text = repr(value).removesuffix(".0")
    return text if not text.startswith("-") else f"({text})"
