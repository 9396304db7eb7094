"""The table of operations: one row each, and nothing about an operation is written anywhere else.

A row is an `Operation`, which `row.py` describes with all its fields; the first of them:

    name      what the language, a Value and a message call it: `tanh`, `+`, `if`
    operands  the names that the row's own formulas use for its operands, in order
    value     a function of floats, or text in the equation language
    slopes    the partial derivative with respect to each operand: text in the equation language,
              in which `out` is the value of the operation
    latex     how it is written: `<x>` is the operand, with brackets where it binds more loosely
              than the operation; `{x}` the operand inside TeX braces, `[x]` the operand as it is
    samples   operands inside the domain, where value and slopes are tested
    corners   operands where the textbook is silent, with the slopes that are promised there
    source    where a formula comes from that is no textbook identity

Slopes are chosen for accuracy before brevity: no cancellation, no overflow before the slope itself
overflows. A slope below the smallest normal double (2.2e-308) may come out as 0.
At corners the policy is: finite and useful before nan, 0 at a kink or a jump (so that descent
rests there), the limit where there is one, and inf where the slope truly is infinite.

To add an operation, add a row. `tests/test_operations.py` tests every row, and the language, the
engines, LaTeX and the table of `backprop help language` read this one.
"""

import math
import operator
from collections.abc import Callable, Mapping
from math import inf, nan
from types import MappingProxyType
from typing import NamedTuple

import backprop.numerics as real
from backprop.row import AND, COMPARISON, NOT, OR, POWER, PRODUCT, SIGN, SUM, Operands, Operation
from backprop.synonyms import ALIASES


def _calls(name: str) -> str:
    return rf"{name}\left([x]\right)"


def _at(*points: float) -> tuple[Operands, ...]:
    return tuple((point,) for point in points)


_PAIRS = ((3.0, 2.0), (-1.5, 0.25), (1e-3, -7.0), (1e150, 1e-150), (-2.5e-9, -4e7))
_REALS = _at(-700.0, -20.0, -1.3, -1e-9, 1e-18, 0.3, 1.0, 7.5, 40.0, 700.0)
_WAVES = _at(-30.0, -2.0, -1e-9, 0.5, 1.0, 3.0, 100.0)
_POSITIVE = _at(1e-300, 1e-9, 0.3, 1.1, 2.0, 1e5, 1e300)
_ORDERED = ((1.0, 2.0), (2.0, 1.0), (-3.0, 0.5))
_NO_SLOPE = (((1.0, 1.0), (0.0, 0.0)), ((-2.0, 3.0), (0.0, 0.0)))


def _at_pole(x: float) -> bool:
    """Whether x is one of the gamma function's poles 0, -1, -2, …; elsewhere inf is overflow."""
    return x <= 0 and x.is_integer()


def _at_zero(x: float) -> bool:
    """Whether x is 0, where 1/sin(x) has a pole; elsewhere inf is overflow."""
    return x == 0


def _comparison(
    name: str, latex: str, value: Callable[..., float], machine: str, symbol: str = ""
) -> Operation:
    return Operation(
        name, ("x", "y"), value, ("0", "0"), latex, _ORDERED, _NO_SLOPE,
        binding=COMPARISON, symbol=symbol, machine=machine, any_size=True,
    )  # fmt: skip


_ASIDE = "if(abs(x) < 0.7071067811, 1 - x^2, (1 - x)*(1 + x))"
"""1 - x^2: near 1 without its rounding, near 0 with a slope of one term: those of two factors cancel."""

CONSTANT_FACTOR = "constant factor rule"

_ROWS = (
    # ------------------------------------------------------------------------- arithmetic
    Operation("+", ("x", "y"), operator.add, ("1", "1"), "<x> + <y>", _PAIRS, binding=SUM, rule="sum rule", machine="fadd", any_size=True, unrounded=True),
    Operation("-", ("x", "y"), operator.sub, ("1", "-1"), "<x> - <y>", _PAIRS, binding=SUM, rule="sum rule", machine="fsub", any_size=True, unrounded=True),
    Operation("*", ("x", "y"), operator.mul, ("y", "x"), r"<x> \cdot <y>", _PAIRS, binding=PRODUCT, symbol="×",
              rule="product rule", alone=(CONSTANT_FACTOR, CONSTANT_FACTOR), machine="fmul", any_size=True),
    Operation("/", ("x", "y"), real.divide, ("1/y", "-out/y"), r"\frac{x}{y}", _PAIRS[:3],
              domain="a divisor other than 0", pole=lambda x, y: y == 0, binding=PRODUCT, tex_binding=SIGN, symbol="÷", rule="quotient rule", alone=(CONSTANT_FACTOR, "quotient rule"), machine="fdiv", any_size=True),
    Operation("neg", ("x",), operator.neg, ("-1",), "-<x>", _REALS, binding=SIGN, called=False, symbol="−", rule=CONSTANT_FACTOR, machine="fneg", any_size=True),
    Operation("copy", ("x",), operator.pos, ("1",), "[x]", _REALS, called=False, symbol="=", rule="the same value", machine="copy", any_size=True),
    # Below y = 1/2, y - 1 is rounded, and a power of a large or small x magnifies that: hence out*y/x. At
    # 1/2 itself, where equations often stand, no slope changes its formula: a tie is looked at as a border.
    Operation(
        "^", ("x", "y"), real.power,
        ("if(y == 0, 0, if(y < 0.4999999999 and x != 0, out*y/x, y*x^(y - 1)))",
         "if(x == 0 and y > 0, 0, out*log(x))"),
        "<x>^{y}",
        samples=((2.0, 3.0), (0.7, -2.5), (1e-310, 1e-300), (1e-200, 1.5), (1e100, 3.0), (3.0, 1e-9), (25.0, 0.5)),
        corners=(
            ((0.0, 2.0), (0.0, 0.0)), ((0.0, 1.0), (1.0, 0.0)), ((0.0, 0.0), (0.0, -inf)),
            ((0.0, 0.5), (inf, 0.0)), ((0.0, 1.5), (0.0, 0.0)), ((-0.0, 3.0), (0.0, 0.0)),
            ((-2.0, 3.0), (12.0, nan)), ((-2.0, -1.0), (-0.25, nan)), ((-2.0, 0.0), (0.0, nan)),
            ((1.0, 0.0), (0.0, 0.0)), ((5.0, 0.0), (0.0, 1.6094379124341003)),
        ),
        domain="a base that is positive, or 0 with an exponent of 0 or more, or negative with an integer"
               " exponent",
        pole=lambda x, y: x == 0,
        binding=POWER,
        alone=("power rule", "exponential rule"),
        precise="if(y == 0, 1, power(x, y))",
        machine="pow",
        special=(("y", 2.0, "x*x"), ("y", 3.0, "x*x*x"), ("y", 1.0, "x"), ("y", -1.0, "1/x")), textbook=("y*x^(y - 1)", "out*log(x)")),
    # -------------------------------------------------------------- exponentials, logarithms
    Operation("exp",   ("x",), real.exp,   ("out",),         "e^{x}", _REALS, tex_binding=POWER, machine="exp"),
    Operation("exp2",  ("x",), real.exp2,  ("out*log(2)",),  "2^{x}", _REALS, tex_binding=POWER, precise="power(2, x)", machine="exp2"),
    Operation("expm1", ("x",), real.expm1, ("exp(x)",),      "e^{x} - 1", _REALS, tex_binding=SUM, machine="expm1"),
    Operation("log",   ("x",), real.log,   ("1/x",),         _calls(r"\ln"), _POSITIVE, domain="x > 0", machine="log", any_size=True),
    Operation("log2",  ("x",), real.log2,  ("1/(x*log(2))",), _calls(r"\log_{2}"), _POSITIVE,
              domain="x > 0",
              precise="log(x)/log(2)", machine="log2", any_size=True),
    Operation("log10", ("x",), real.log10, ("1/log(10)/x",), _calls(r"\log_{10}"), _POSITIVE,
              domain="x > 0", machine="log10", any_size=True, short=("1/(x*log(10))",)),
    Operation("log1p", ("x",), real.log1p, ("1/(1 + x)",), r"\ln\left(1 + [x]\right)",
              _at(-0.999999, -0.5, -1e-18, 1e-18, 0.3, 1e10, 1e300), domain="x > -1", machine="log1p"),
    # ------------------------------------------------------------------------------ roots
    Operation("sqrt", ("x",), real.sqrt, ("0.5/out",), r"\sqrt{x}", _POSITIVE,
              corners=(((0.0,), (inf,)), ((-0.0,), (inf,))), domain="x >= 0", machine="llvm.sqrt", mended="out + 0", any_size=True),
    Operation("cbrt", ("x",), real.cbrt, ("1/(3*out^2)",), r"\sqrt[3]{x}", (*_POSITIVE, *_at(-8.0, -1e-30)),
              corners=(((0.0,), (inf,)),),
              precise="sign(x)*root(abs(x), 3)", machine="cbrt", mended=real.CBRT, any_size=True),
    Operation("hypot", ("x", "y"), real.hypot,
              ("if(out == 0, 0, x/out)", "if(out == 0, 0, y/out)"), "",
              (*_PAIRS, (1e200, 1e200), (3e-200, 4e-200)), corners=(((0.0, 0.0), (0.0, 0.0)),), folds=True, corner="x == 0 and y == 0", machine="hypot", square="both", any_size=True, textbook=("x/out", "y/out"), again=("if(out == 0, 0, unit(x, y))", "if(out == 0, 0, unit(y, x))")),
    # The slope of hypot, whose own slope is y^2/r^3: the chain rule on x/r has 1/r - x^2/r^3, which cancels.
    Operation("unit", ("x", "y"), "if(hypot(x, y) == 0, 0, x/hypot(x, y))",
              ("if(hypot(x, y) == 0, 0, unit(y, x)*unit(y, x)/hypot(x, y))", "if(hypot(x, y) == 0, 0, -out*unit(y, x)/hypot(x, y))"), "",
              (*_PAIRS, (1e5, 3.0), (3.0, 1e-7)), corners=(((0.0, 0.0), (0.0, 0.0)),), jump="x == 0 and y == 0", height="2", short=("y^2/hypot(x, y)^3", "-x*y/hypot(x, y)^3")),
    # ----------------------------------------------------------------------- trigonometry
    Operation("sin", ("x",), real.sin, ("cos(x)",),  _calls(r"\sin"), _WAVES, machine="sin"),
    Operation("cos", ("x",), real.cos, ("-sin(x)",), _calls(r"\cos"), _WAVES, machine="cos"),
    Operation("tan", ("x",), real.tan, ("1 + out^2",), _calls(r"\tan"), _WAVES, machine="tan"),
    Operation("sec", ("x",), "1/cos(x)", ("out*tan(x)",), _calls(r"\sec"), _WAVES),
    Operation("csc", ("x",), "1/sin(x)", ("-out/tan(x)",), _calls(r"\csc"), _WAVES, domain="sin(x) other than 0", pole=_at_zero),
    Operation("cot", ("x",), "1/tan(x)", ("-(1 + out^2)",), _calls(r"\cot"), _WAVES, domain="sin(x) other than 0", pole=_at_zero),
    Operation("asin", ("x",), real.asin, ("1/sqrt((1 - x)*(1 + x))",), _calls(r"\arcsin"),
              _at(-0.999999, -0.5, 1e-9, 0.3, 0.9999999999), corners=(((1.0,), (inf,)), ((-1.0,), (inf,))),
              domain="-1 <= x <= 1", machine="asin", textbook=("1/sqrt(1 - x^2)",), again=(f"1/sqrt({_ASIDE})",)),
    Operation("acos", ("x",), real.acos, ("-1/sqrt((1 - x)*(1 + x))",), _calls(r"\arccos"),
              _at(-0.999999, -0.5, 1e-9, 0.3, 0.9999), corners=(((1.0,), (-inf,)), ((-1.0,), (-inf,))),
              domain="-1 <= x <= 1", machine="acos", textbook=("-1/sqrt(1 - x^2)",), again=(f"-1/sqrt({_ASIDE})",)),
    Operation("atan", ("x",), real.atan, ("1/hypot(1, x)/hypot(1, x)",), _calls(r"\arctan"), _at(-1e9, -0.5, 1e-9, 2.0, 1e150), machine="atan", short=("1/(1 + x^2)",)),
    Operation("atan2", ("y", "x"), real.atan2,
              ("x/hypot(x, y)/hypot(x, y)", "-y/hypot(x, y)/hypot(x, y)"), "",
              (*_PAIRS, (1e200, 1e200), (3e-200, -4e-200), (-1.0, -1.0)),
              corners=(((0.0, 0.0), (nan, nan)),), jump="y == 0 and x <= 0", height="2*pi", angle="if(x < 0, y*pi, 0)", machine="atan2", textbook=("x/(x^2 + y^2)", "-y/(x^2 + y^2)")),
    # Near 0 the slope's formula cancels: cos(x) and sin(x)/x are both 1. There its series (not up to 1, where
    # equations may stand: a tie is looked at as a border).
    Operation("sinc", ("x",), "if(x == 0, 1, sin(x)/x)",
              (("if(abs(x) < 0.9999999999, -x/3*(1 - x^2/10*(1 - x^2/28*(1 - x^2/54*(1 - x^2/88*(1 - x^2/130"
               "*(1 - x^2/180*(1 - x^2/238*(1 - x^2/304)))))))), (cos(x) - out)/x)"),), "", (*_WAVES, *_at(1e-300, 1e-5, 0.999)), corners=(((0.0,), (0.0,)),),
              precise_slopes=("if(x == 0, 0, (cos(x) - sin(x)/x)/x)",), source="sin(x)/x, not sin(pi*x)/(pi*x): DLMF 3.3.43", textbook=("(cos(x) - out)/x",)),
    # ------------------------------------------------------------------ hyperbolic functions
    Operation("sinh", ("x",), real.sinh, ("cosh(x)",), _calls(r"\sinh"), _REALS, machine="sinh", square="large"),
    Operation("cosh", ("x",), real.cosh, ("sinh(x)",), _calls(r"\cosh"), _REALS, machine="cosh", square="large"),
    # 1 - out^2, the textbook's slope, cancels: at x = 20 it is 0 instead of 1.7e-17.
    Operation("tanh", ("x",), real.tanh, ("sech(x)^2",), _calls(r"\tanh"), _at(-400.0, -20.0, -0.3, 1e-9, 0.3, 20.0, 300.0), textbook=("1 - out^2",), machine="tanh"),
    Operation("sech", ("x",), "1/cosh(x)", ("-out*tanh(x)",), r"\operatorname{sech}\left([x]\right)", _at(-700.0, -20.0, -1.3, -1e-9, 0.3, 1.0, 7.5, 700.0)),
    Operation("asinh", ("x",), real.asinh, ("1/hypot(1, x)",), r"\operatorname{arsinh}\left([x]\right)",
              _at(-1e300, -3.0, -1e-9, 0.3, 1e10), machine="asinh", textbook=("1/sqrt(1 + x^2)",)),
    Operation("acosh", ("x",), real.acosh, ("1/(sqrt(x - 1)*sqrt(x + 1))",), r"\operatorname{arcosh}\left([x]\right)",
              _at(1.0000001, 1.5, 30.0, 1e300), corners=(((1.0,), (inf,)),), domain="x >= 1", machine="acosh", textbook=("1/sqrt(x^2 - 1)",)),
    Operation("atanh", ("x",), real.atanh, ("1/((1 - x)*(1 + x))",), r"\operatorname{artanh}\left([x]\right)",
              _at(-0.999999, -0.5, 1e-9, 0.3, 0.9999999999), domain="-1 < x < 1", machine="atanh", textbook=("1/(1 - x^2)",), again=(f"1/({_ASIDE})",)),
    # ------------------------------------------------------------------- special functions
    Operation("erf", ("x",), real.erf, ("4*sqrt(pi)*normpdf(x)^2",), "", _at(-3.0, -1e-9, 0.5, 2.0, 5.0),
              source="DLMF 7.2.1", machine="erf", digits_cost=10, short=("2/sqrt(pi)*exp(-x^2)",)),
    Operation("erfc", ("x",), real.erfc, ("-4*sqrt(pi)*normpdf(x)^2",), "", _at(-3.0, 1e-9, 0.5, 2.0, 5.0, 25.0),
              source="DLMF 7.2.2", machine="erfc", digits_cost=10, short=("-2/sqrt(pi)*exp(-x^2)",)),
    Operation("erfinv", ("x",), real.erfinv, ("sqrt(pi)/2*exp(out^2)",), r"\operatorname{erf}^{-1}\left([x]\right)",
              _at(-0.999999, -0.9, -0.5, 1e-300, 1e-9, 0.3, 0.86, 1 - 2**-53), source="DLMF 7.17.1",
              domain="-1 < x < 1", machine=real.ERFINV, digits_cost=10),
    # Below 0, where what erfc is given matters most, sqrt(2) is made up for: the double is too large.
    Operation("normcdf", ("x",), "0.5*erfc(-x/sqrt(2))*(1 - 6.8e-17*clamp(x, -40, 0)^2)", ("normpdf(x)",), _calls(r"\Phi"),
              _at(-8.0, -1e-9, 0.0, 0.3, 1.0, 7.5), source="the standard normal distribution: DLMF 7.18.1",
              precise="ncdf(x)", digits_cost=10),
    Operation("normpdf", ("x",), "exp(-0.5*x^2)/sqrt(2*pi)", ("-x*out",), _calls(r"\varphi"),
              _at(-37.0, -8.0, -1e-9, 0.3, 1.0, 7.5), source="the density of normcdf"),
    Operation("gamma", ("x",), real.gamma, ("out*digamma(x)",), _calls(r"\Gamma"),
              _at(-3.5, -0.3, 1e-9, 0.5, 3.0, 30.5, 170.0), source="DLMF 5.2.2",
              pole=_at_pole, domain="x other than 0, -1, -2, …", digits_cost=125),
    Operation("lgamma", ("x",), real.lgamma, ("digamma(x)",), r"\ln\left|\Gamma\left([x]\right)\right|",
              _at(-3.5, -0.3, 1e-9, 0.5, 1.0000001, 2.0000001, 30.5, 1e10), source="DLMF 5.2.2",
              pole=_at_pole, domain="x other than 0, -1, -2, …",
              precise="re(loggamma(x))", digits_cost=125),
    Operation("digamma", ("x",), real.digamma, ("polygamma(1, x)",), _calls(r"\psi"),
              _at(-3.5, -0.3, 1e-5, 0.5, 2.0, 30.5, 1e10), source="DLMF 5.15.1",
              pole=_at_pole, domain="x other than 0, -1, -2, …", digits_cost=125),
    # There is no derivative with respect to the order, which is an integer: 0/0.
    Operation("polygamma", ("n", "x"), real.polygamma, ("0/0", "polygamma(n + 1, x)"),
              r"\psi^{\left([n]\right)}\left([x]\right)",
              ((0.0, 2.0), (1.0, 0.5), (1.0, -3.5), (2.0, 30.5), (5.0, 2.5)), source="DLMF 5.15.1",
              pole=lambda n, x: _at_pole(x), domain="an order n of 0, 1, 2, … and x other than 0, -1, -2, …",
              precise="if(n == floor(n) and n <= 1000 and x > -1000, psi(n, x), 0/0)", digits_cost=125),
    # ---------------------------------------------------------------- corners, jumps, choice
    Operation("abs", ("x",), operator.abs, ("sign(x)",), r"\left|[x]\right|", _REALS, (((0.0,), (0.0,)),), corner="x == 0", machine="llvm.fabs", any_size=True),
    Operation("sign", ("x",), real.sign, ("0",), "", _REALS, (((0.0,), (0.0,)),), jump="x == 0", machine="if(x > 0, 1, if(x < 0, -1, if(x == 0, 0, x)))", any_size=True),
    Operation("floor", ("x",), real.floor, ("0",), r"\left\lfloor [x]\right\rfloor", _at(-1.5, 0.5, 7.25), (((2.0,), (0.0,)),),
              jump="x == floor(x)", machine="llvm.floor"),
    Operation("ceil", ("x",), real.ceil, ("0",), r"\left\lceil [x]\right\rceil", _at(-1.5, 0.5, 7.25), (((2.0,), (0.0,)),),
              jump="x == floor(x)", machine="llvm.ceil"),
    Operation("round", ("x",), real.nearest, ("0",), "", _at(-1.75, 0.25, 7.25), (((2.5,), (0.0,)),), jump="x - floor(x) == 0.5",
              source="halves go to the even neighbour: IEEE 754-2019, 4.3.1",
              precise="nint(x)", machine="llvm.roundeven"),
    Operation("min", ("x", "y"), "if(x <= y, x, y)", ("if(x <= y, 1, 0)", "if(x <= y, 0, 1)"),
              r"\min\left([x], [y]\right)", _ORDERED, (((1.0, 1.0), (1.0, 0.0)),), folds=True, corner="x == y"),
    Operation("max", ("x", "y"), "if(x >= y, x, y)", ("if(x >= y, 1, 0)", "if(x >= y, 0, 1)"),
              r"\max\left([x], [y]\right)", _ORDERED, (((1.0, 1.0), (1.0, 0.0)),), folds=True, corner="x == y"),
    # The quotients are rounded, their difference is the whole number below x/y: hence the rounding.
    Operation("mod", ("x", "y"), real.modulo, ("1", "-round(x/y - out/y)"), "",
              ((7.0, 3.0), (-7.0, 3.0), (7.5, -2.0), (-1e-20, 1.0), (1e20, 3.0), (0.3, 0.1)), (((6.0, 3.0), (1.0, -2.0)),),
              domain="y other than 0", jump="mod(x, y) == 0", height="abs(y)",
              machine="frem", mended="if(out == 0, 0*sign(y), if((out < 0) != (y < 0), out + y, out))", source="x - y*floor(x/y), computed without error", unrounded=True),
    Operation("clamp", ("x", "lo", "hi"), "min(max(x, lo), if(lo <= hi, hi, 0/0))",
              ("if(lo <= x and x <= hi, 1, 0)", "if(x < lo, 1, 0)", "if(x > hi, 1, 0)"), "",
              ((1.5, 1.0, 2.0), (0.5, 1.0, 2.0), (3.0, 1.0, 2.0)),
              (((1.0, 1.0, 2.0), (1.0, 0.0, 0.0)), ((2.0, 1.0, 2.0), (1.0, 0.0, 0.0))),
              domain="lo <= hi", corner="x == lo or x == hi"),
    Operation("if", ("c", "x", "y"), lambda c, x, y: x if c else y, ("0", "if(c, 1, 0)", "if(c, 0, 1)"),
              r"\begin{cases}[x] & \text{if } [c] \\ [y] & \text{otherwise}\end{cases}",
              ((1.0, 2.0, 3.0), (0.0, 2.0, 3.0)), chooses=True, says=lambda c, x, y: (0, 1) if c else (0, 2),
              called=False, tex_binding=OR, rule="the branch that is taken", machine="select", any_size=True),
    # ------------------------------------------------------------- comparisons and conditions
    _comparison("<",  "<x> < <y>",    lambda x, y: 1.0 if x < y else 0.0, "olt"),
    _comparison("<=", r"<x> \le <y>", lambda x, y: 1.0 if x <= y else 0.0, "ole", "≤"),
    _comparison(">",  "<x> > <y>",    lambda x, y: 1.0 if x > y else 0.0, "ogt"),
    _comparison(">=", r"<x> \ge <y>", lambda x, y: 1.0 if x >= y else 0.0, "oge", "≥"),
    _comparison("==", "<x> = <y>",    lambda x, y: 1.0 if x == y else 0.0, "oeq"),
    _comparison("!=", r"<x> \ne <y>", lambda x, y: 1.0 if x != y else 0.0, "une", "≠"),
    Operation("not", ("x",), "if(x, 0, 1)", ("0",), r"\lnot <x>", _at(-1.0, 2.0), (((0.0,), (0.0,)),), binding=NOT,
              called=False),
    Operation("and", ("x", "y"), "if(x, if(y, 1, 0), 0)", ("0", "0"), r"<x> \land <y>", _ORDERED, _NO_SLOPE,
              binding=AND, says=lambda x, y: (0, 1) if x else (0,), called=False),
    Operation("or", ("x", "y"), "if(x, 1, if(y, 1, 0))", ("0", "0"), r"<x> \lor <y>", _ORDERED, _NO_SLOPE,
              binding=OR, says=lambda x, y: (0,) if x else (0, 1), called=False),
    # --------------------------------------------------------------------- neural networks
    Operation("relu", ("x",), "if(x > 0, x, 0)", ("if(x > 0, 1, 0)",), "", _REALS, (((0.0,), (0.0,)),), corner="x == 0"),
    Operation("leaky_relu", ("x", "a"), "if(x > 0, x, a*x)", ("if(x > 0, 1, a)", "if(x > 0, 0, x)"), "",
              ((2.0, 0.1), (-3.0, 0.1)), (((0.0, 0.1), (0.1, 0.0)),), defaults=(0.01,), corner="x == 0"),
    Operation("sigmoid", ("x",), "if(x >= 0, 1/(1 + exp(-x)), exp(x)/(1 + exp(x)))",
              ("out*sigmoid(-x)",), _calls(r"\sigma"), _REALS, textbook=("out*(1 - out)",), again=("sech(x/2)^2/4",),
              machine="if(x >= 0, 1, exp(-abs(x)))/(1 + exp(-abs(x)))"),
    Operation("softplus", ("x",), "if(x > 0, x, 0) + log1p(exp(-abs(x)))", ("sigmoid(x)",), "", _REALS),
    Operation("logsigmoid", ("x",), "if(x < 0, x, 0) - log1p(exp(-abs(x)))", ("sigmoid(-x)",), "", _REALS),
    Operation("logsumexp", ("x", "y"), "max(x, y) + log1p(exp(-abs(x - y)))", ("sigmoid(x - y)", "sigmoid(y - x)"), "",
              (*_PAIRS, (1000.0, 999.0), (-1e5, -1e5), (0.5, -40.0)), folds=True, around=("pivot", "below", "above"), textbook=("exp(x - out)", "exp(y - out)")),
    Operation("pivot", ("x", "y"), max, ("if(y > x, 0, 1)", "if(y > x, 1, 0)"),
              r"\max\left([x], [y]\right)", _ORDERED, called=False, written="max", machine="if(y > x, y, x)", any_size=True),
    # Where the difference overflows x stands for it: exp is 0 of both, and x is finite.
    Operation("below", ("x", "m"), "if(x - m < -1.7976931348623158e308, x, x - m)", ("1", "0"), "<x> - <m>", _PAIRS,
              binding=SUM, called=False, written="-", rule="sum rule", unrounded=True),
    Operation("above", ("m", "x"), "m + x", ("0", "1"), "<m> + <x>", _PAIRS, binding=SUM, called=False, written="+", rule="sum rule", unrounded=True),
    # far below 0 these two are x*exp(x), of which exp(x) alone would lose digits before it is times x
    Operation("silu", ("x",), "if(x < -600, x*exp(x/2)*exp(x/2), x*sigmoid(x))",
              ("if(x < -600, (1 + x)*exp(x/2)*exp(x/2), sigmoid(x)*(1 + x*sigmoid(-x)))",), "", (*_REALS, *_at(-735.0, -710.0)),
              textbook=("sigmoid(x)*(1 + x*sigmoid(-x))",),
              again=("if(x < -600, (1 + x)*exp(x/2)*exp(x/2), sigmoid(x) + x*sech(x/2)^2/4)",), source="Elfwing, Uchibe, Doya 2018, equation 5"),
    Operation("gelu", ("x",), "0.5*x*erfc(-x/sqrt(2))",
              ("normcdf(x) + x*normpdf(x)",), "", _at(-8.0, -1e-9, 0.3, 1.0, 7.5, 700.0),
              source="Hendrycks and Gimpel 2016, section 2: x times the normal distribution function", digits_cost=10),
    Operation("elu", ("x", "a"), "if(x > 0, x, a*expm1(x))", ("if(x > 0, 1, a*exp(x))", "if(x > 0, 0, expm1(x))"), "",
              ((2.0, 0.5), (-3.0, 0.5), (-1e-9, 2.0)), (((0.0, 0.5), (0.5, 0.0)),), defaults=(1.0,), corner="x == 0",
              source="Clevert, Unterthiner, Hochreiter 2016, equation 14"),
    Operation("selu", ("x",), "1.0507009873554805*if(x > 0, x, 1.6732632423543772*expm1(x))",
              ("1.0507009873554805*if(x > 0, 1, 1.6732632423543772*exp(x))",), "", _REALS,
              (((0.0,), (1.7580993408473766,)),), corner="x == 0", source="Klambauer and others 2017, equation 2"),
    Operation("mish", ("x",), "if(x < -600, x*exp(x/2)*exp(x/2), x*tanh(softplus(x)))",
              ("if(x < -600, (1 + x)*exp(x/2)*exp(x/2), tanh(softplus(x)) + x*sigmoid(x)*sech(softplus(x))^2)",), "", (*_REALS, *_at(-735.0, -710.0)),
              textbook=("tanh(softplus(x)) + x*sigmoid(x)*sech(softplus(x))^2",), source="Misra 2019, section 2"),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = MappingProxyType({row.name: row for row in _ROWS})
"""Every row by its name."""

FUNCTIONS: Mapping[str, Operation] = MappingProxyType(
    {row.name: row for row in _ROWS if row.called and row.name.isidentifier()}
    | {other: OPERATIONS[name] for other, name in ALIASES.items()}
)
"""The rows that an equation file calls by name, under every name that they have there."""

EQUALITIES = "==", "!="
"""Comparisons that differ at single points only."""


class Gather(NamedTuple):
    """What makes one value of many terms: those of an index, as in `sum(x[i] for i in 1..3)`, or,
    with one argument, those of the rows of data.

    joined_by: the operation that joins two terms. empty: the value without terms, None where there
    is none. divided: whether the whole is divided by the number of terms. latex: its sign, and
    sign: the same as a character, where there is one.
    """

    name: str
    joined_by: str
    empty: float | None = None
    divided: bool = False
    latex: str = ""
    sign: str = ""

    @property
    def example(self) -> str:
        return f"{self.name}(… for i in 1..n)"


GATHERS: Mapping[str, Gather] = MappingProxyType(
    {
        row.name: row
        for row in (
            Gather("sum",  "+", empty=0.0, latex=r"\sum", sign="∑"),
            Gather("prod", "*", empty=1.0, latex=r"\prod", sign="∏"),
            Gather("mean", "+", divided=True),
            Gather("min",  "min", latex=r"\min"),
            Gather("max",  "max", latex=r"\max"),
            Gather("logsumexp", "logsumexp"),
        )
    }
)  # fmt: skip
"""Every gather by its name."""

DERIVATIVE = "derivative"
"""What an equation file calls the derivative of one thing by another, which is no operation: the steps
of the chain rule take its place."""

BY_SIGN: Mapping[str, Gather] = MappingProxyType(
    {row.sign: row for row in GATHERS.values() if row.sign}
)
"""Those that have a sign of their own, by it."""

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "inf": inf})
"""Names with a value that need no equation; an equation of that name takes their place."""
