"""Points where a gradient is easily wrong: what it is there, and where that is known from.

Every line is one derivative. `kind` says what else a command tells a person:

    SURE     nothing: the chain rule decides, be it that something infinite meets a zero
    VALUES   a warning: the chain rule meets 0·∞, and the slope is that of values beside the point
    CHOICE   a note: on a border or a corner the documented slope is given
    EITHER   perhaps a note: the slope is the same on both sides of a corner or a border
    SHOWN    a warning: the slope is infinite, or there is none
    BEYOND   the slope itself, or a warning: a step's slope is beyond what doubles hold
    NO_VALUE an error instead of a gradient: the output has no value
"""

from math import inf, log, nan, pi, sqrt
from typing import NamedTuple

SURE, VALUES, CHOICE, EITHER = "sure", "values", "choice", "either"
SHOWN, BEYOND, NO_VALUE = "shown", "beyond", "no value"


class Point(NamedTuple):
    """One derivative: of the only output of `text`, where the inputs are `at`, by the name `by`.

    right: the derivative; a tuple where several answers are right, such as inf and nan.
    source: how that is known. kind: see above.
    """

    kind: str
    text: str
    at: str
    by: str
    right: float | tuple[float, ...]
    source: str

    @property
    def allowed(self) -> tuple[float, ...]:
        """Every right answer."""
        return self.right if isinstance(self.right, tuple) else (self.right,)

    def __str__(self) -> str:
        return f"{self.text} at {self.at} by {self.by}"


NEVER_ZERO = (inf, nan)
"""The slope is infinite from the only side where there is a value; nan where that is not looked for."""

SMOOTH = "limit by hand: the output is "
ONLY_RIGHT = "limit by hand from the right, the only side with a value: the output is "
CORNER = "one-sided slopes by hand, 0 between them: "
UNDECIDED = "one-sided slopes by hand, no number between them: "
STILL = "by hand: the output does not change with this input"
LITERAL = "by hand: the slope of what is multiplied by 0 is multiplied by 0"
UNTAKEN = "by hand: the branch that is taken"
DOCUMENTED = "documented slope at this corner or border: "

_ZEROS_OF_ROOTS = (
    # What the issue is about: a zero adjoint meets the infinite slope of a root.
    Point(VALUES, "y = sqrt(x)^2", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x)^2", "x=-0.0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x)*sqrt(x)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = cbrt(x^3)", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = (x^3)^(1/3)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = cos(sqrt(x))", "x=0", "x", -0.5, ONLY_RIGHT + "1 - x/2 + x^2/24 - …"),
    Point(VALUES, "u = sqrt(x); y = u^2", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(SURE, "u = sqrt(x); y = u^2", "x=0", "u", 0, "2u by hand"),
    Point(VALUES, "y = x*sqrt(x)", "x=0", "x", 0, ONLY_RIGHT + "x^(3/2)"),
    Point(VALUES, "y = (x^2)^0.75", "x=0", "x", 0, SMOOTH + "abs(x)^(3/2)"),
    Point(VALUES, "y = sqrt(x^2 + z^2)", "x=0, z=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(x^2 + z^2)", "x=0, z=0", "z", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt((a - 1)^2 + (b - 2)^2)", "a=1, b=2", "a", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = (cbrt(x^3) - 1)^2", "x=0", "x", -2, SMOOTH + "(x - 1)^2"),
    Point(VALUES, "y = hypot(sqrt(x), 0)", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "sqrt(x)"),
    # Their relatives: one root.
    Point(VALUES, "y = sqrt(x)^3", "x=0", "x", 0, ONLY_RIGHT + "x^(3/2)"),
    Point(VALUES, "y = sqrt(x)^4", "x=0", "x", 0, ONLY_RIGHT + "x^2"),
    Point(VALUES, "y = 5*sqrt(x)^2", "x=0", "x", 5, ONLY_RIGHT + "5x"),
    Point(VALUES, "y = sqrt(3*x)^2", "x=0", "x", 3, ONLY_RIGHT + "3x"),
    Point(VALUES, "y = sqrt(x - 1)*sqrt(x - 1)", "x=1", "x", 1, ONLY_RIGHT + "x - 1"),
    Point(VALUES, "y = sqrt(1 - x)^2", "x=1", "x", -1, "limit by hand from the left: 1 - x"),
    Point(VALUES, "y = sqrt(x^2)", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(x*x)", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(x^4)", "x=0", "x", 0, SMOOTH + "x^2"),
    Point(VALUES, "y = x*sqrt(x^2)", "x=0", "x", 0, SMOOTH + "x*abs(x)"),
    Point(VALUES, "y = sqrt(x^2)^2", "x=0", "x", 0, SMOOTH + "x^2"),
    Point(VALUES, "y = sqrt(sin(x)^2)", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(1 - cos(x))", "x=0", "x", 0, CORNER + "-0.7071 and 0.7071"),
    Point(VALUES, "y = sqrt(x)*sin(x)", "x=0", "x", 0, ONLY_RIGHT + "x^(3/2) - …"),
    Point(VALUES, "y = sqrt(x)*(exp(x) - 1)", "x=0", "x", 0, ONLY_RIGHT + "x^(3/2) + …"),
    Point(VALUES, "y = sqrt(x)*(x + z)", "x=0, z=0", "x", 0, ONLY_RIGHT + "x^(3/2)"),
    Point(VALUES, "y = abs(x)*sqrt(x)", "x=0", "x", 0, ONLY_RIGHT + "x^(3/2)"),
    Point(VALUES, "y = sin(sqrt(x))^2", "x=0", "x", 1, ONLY_RIGHT + "x - x^2/3 + …"),
    Point(VALUES, "y = sin(sqrt(x))*sqrt(x)", "x=0", "x", 1, ONLY_RIGHT + "x - x^2/6 + …"),
    Point(VALUES, "y = exp(-sqrt(x)^2)", "x=0", "x", -1, ONLY_RIGHT + "exp(-x)"),
    Point(VALUES, "y = cosh(sqrt(x))", "x=0", "x", 0.5, ONLY_RIGHT + "1 + x/2 + …"),
    Point(VALUES, "y = log(cos(sqrt(x)))", "x=0", "x", -0.5, ONLY_RIGHT + "-x/2 - …"),
    Point(VALUES, "y = 1/cos(sqrt(x))", "x=0", "x", 0.5, ONLY_RIGHT + "1 + x/2 + …"),
    Point(VALUES, "y = tanh(sqrt(x))^2", "x=0", "x", 1, ONLY_RIGHT + "x - 2x^2/3 + …"),
    Point(VALUES, "y = expm1(sqrt(x))^2", "x=0", "x", 1, ONLY_RIGHT + "x + x^(3/2) + …"),
    Point(VALUES, "y = log1p(sqrt(x))^2", "x=0", "x", 1, ONLY_RIGHT + "x - x^(3/2) + …"),
    Point(VALUES, "y = erf(sqrt(x))^2", "x=0", "x", 4 / pi, ONLY_RIGHT + "4x/pi - …"),
    Point(VALUES, "y = silu(sqrt(x))*sqrt(x)", "x=0", "x", 0.5, ONLY_RIGHT + "x/2 + x^(3/2)/4 + …"),
    Point(VALUES, "y = (sqrt(x) + x)^2", "x=0", "x", 1, ONLY_RIGHT + "x + 2x^(3/2) + x^2"),
    Point(VALUES, "y = sqrt(x)^2 + 5*x", "x=0", "x", 6, ONLY_RIGHT + "6x"),
    Point(VALUES, "y = sqrt(x)^2 - x", "x=0", "x", 0, ONLY_RIGHT + "0"),
    Point(VALUES, "y = sqrt(sqrt(x))^4", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(sqrt(x)^4)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x)^2*b", "x=0, b=3", "x", 3, ONLY_RIGHT + "3x"),
    Point(SURE, "y = sqrt(x)^2*b", "x=0, b=3", "b", 0, "sqrt(0)^2 by hand"),
    Point(VALUES, "y = sqrt(x*b)^2", "x=0, b=3", "x", 3, ONLY_RIGHT + "3x"),
    Point(VALUES, "y = cos(sqrt(2*x))", "x=0", "x", -1, ONLY_RIGHT + "1 - x + …"),
    Point(VALUES, "y = sqrt(abs(x))^4", "x=0", "x", 0, SMOOTH + "x^2"),
    Point(VALUES, "y = sqrt(abs(x))^2", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(abs(x))", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = sqrt(relu(x))", "x=0", "x", NEVER_ZERO, UNDECIDED + "0 and inf"),
    Point(VALUES, "y = sqrt(relu(x))^2", "x=0", "x", (0, nan), CORNER + "0 and 1"),
    # Cube roots and powers.
    Point(VALUES, "y = cbrt(x)^3", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = cbrt(x)^4", "x=0", "x", 0, SMOOTH + "x*cbrt(x)"),
    Point(VALUES, "y = cbrt(x)^2", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = cbrt(x)^2*cbrt(x)", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = cbrt(x^2)", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = cbrt(x^6)", "x=0", "x", 0, SMOOTH + "x^2"),
    Point(VALUES, "y = cbrt(sin(x)^3)", "x=0", "x", 1, SMOOTH + "sin(x)"),
    Point(VALUES, "y = cos(cbrt(x))", "x=0", "x", nan, UNDECIDED + "inf and -inf"),
    Point(VALUES, "y = sqrt(x)*cbrt(x)", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "x^(5/6)"),
    Point(VALUES, "y = x^0.5*x^0.5", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = (x^0.5)^2", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = (x^0.5)^4", "x=0", "x", 0, ONLY_RIGHT + "x^2"),
    Point(VALUES, "y = x^0.25*x^0.75", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = x^0.5*x^1.5", "x=0", "x", 0, ONLY_RIGHT + "x^2"),
    Point(VALUES, "y = pow(x^2, 0.5)", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = (x^4)^0.25", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = (x^4)^0.75", "x=0", "x", 0, SMOOTH + "abs(x)^3"),
    Point(VALUES, "y = (x^3)^(2/3)", "x=0", "x", 0, ONLY_RIGHT + "x^2"),
)

_ZEROS_ELSEWHERE = (
    # Other rows with infinite slopes.
    Point(VALUES, "y = asin(sqrt(x))^2", "x=0", "x", 1, ONLY_RIGHT + "x + x^2/3 + …"),
    Point(VALUES, "y = asin(1 - x^2)", "x=0", "x", 0, CORNER + "sqrt(2) and -sqrt(2)"),
    Point(VALUES, "y = acos(1 - x^2)", "x=0", "x", 0, CORNER + "-sqrt(2) and sqrt(2)"),
    Point(VALUES, "y = acos(1 - x)^2", "x=0", "x", 2, ONLY_RIGHT + "2x + x^2/3 + …"),
    Point(VALUES, "y = acos(x)^2", "x=1", "x", -2, "limit by hand from the left: 2(1 - x) + …"),
    Point(VALUES, "y = cos(acos(x))", "x=1", "x", 1, "limit by hand from the left: x"),
    Point(VALUES, "y = cos(acos(x))", "x=-1", "x", 1, "limit by hand from the right: x"),
    Point(VALUES, "y = sin(asin(x))", "x=1", "x", 1, "limit by hand from the left: x"),
    Point(VALUES, "y = sin(asin(x))", "x=-1", "x", 1, "limit by hand from the right: x"),
    Point(VALUES, "y = cos(2*asin(x))", "x=1", "x", -4, "by hand from the left: 1 - 2x^2"),
    Point(VALUES, "y = cos(2*acos(x))", "x=-1", "x", -4, "by hand from the right: 2x^2 - 1"),
    Point(VALUES, "y = cos(asin(x))^2", "x=1", "x", -2, "by hand from the left: 1 - x^2"),
    Point(VALUES, "y = sin(acos(x))^2", "x=-1", "x", 2, "by hand from the right: 1 - x^2"),
    Point(VALUES, "u = asin(x); y = 3*sin(u)", "x=1", "x", 3, "limit by hand from the left: 3x"),
    Point(VALUES, "y = 1/sin(asin(x))", "x=1", "x", -1, "limit by hand from the left: 1/x"),
    Point(VALUES, "y = sin(asin(1 - x^2))", "x=0", "x", 0, SMOOTH + "1 - x^2"),
    Point(SURE, "y = a*sin(asin(x))", "a=0, x=1", "x", 0, STILL),
    Point(SURE, "y = a*sin(asin(x))", "a=0, x=1", "a", 1, "sin(asin(1)) by hand"),
    Point(VALUES, "y = (asin(x) - asin(1))^2", "x=1", "x", -2, "by hand from the left: acos(x)^2"),
    Point(VALUES, "y = acosh(x)^2", "x=1", "x", 2, ONLY_RIGHT + "2(x - 1) - …"),
    Point(VALUES, "y = cosh(acosh(x))", "x=1", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = acosh(1 + x^2)", "x=0", "x", 0, CORNER + "-sqrt(2) and sqrt(2)"),
    Point(VALUES, "y = acosh(1 + x)*sqrt(x)", "x=0", "x", sqrt(2), ONLY_RIGHT + "sqrt(2)*x - …"),
    Point(SURE, "y = a*acosh(x)", "a=0, x=1", "x", 0, STILL),
    Point(SURE, "y = a*asin(x)", "a=0, x=1", "x", 0, STILL),
    Point(SURE, "y = a*asin(x)", "a=0, x=1", "a", pi / 2, "asin(1) by hand"),
    Point(SURE, "y = a*atan2(z, x)", "a=0, z=0, x=0", "z", 0, STILL),
    Point(SURE, "y = a*cbrt(x)", "a=0, x=0", "x", 0, STILL),
    Point(SHOWN, "y = atan2(z, x)", "z=0, x=0", "z", nan, "by hand: jumps from 0 to pi/2"),
    Point(VALUES, "y = atan2(z, x^2)", "z=0, x=0", "x", (0, nan), SMOOTH + "0"),
    # A log beside 0, whose slope is beyond doubles.
    Point(SURE, "y = a*log(z)", "a=0, z=5e-324", "z", 0, STILL),
    Point(SURE, "y = a*log(z)", "a=0, z=5e-324", "a", -1074 * log(2), "log(2^-1074) by hand"),
    Point(BEYOND, "y = z*log(z)", "z=5e-324", "z", 1 - 1074 * log(2), "log(z) + 1 by hand"),
    Point(BEYOND, "y = 1e-300*(1/x)", "x=1e-200", "x", -1e100, "-1e-300/x^2 by hand"),
    # What is 0 does not depend on the input, or is 0 whatever comes in.
    Point(SURE, "y = a*sqrt(x)", "a=0, x=0", "x", 0, STILL),
    Point(SURE, "y = a*sqrt(x)", "a=0, x=0", "a", 0, "sqrt(0) by hand"),
    Point(SURE, "y = sqrt(x)*(z - 1)", "x=0, z=1", "x", 0, STILL),
    Point(SURE, "y = sqrt(x)*sqrt(z)", "x=0, z=0", "x", 0, STILL),
    Point(SURE, "y = sqrt(x)*sqrt(z)", "x=0, z=0", "z", 0, STILL),
    Point(SURE, "y = sqrt(x*z)", "x=0, z=0", "x", 0, STILL),
    Point(SURE, "m = a*2; u = sqrt(x); y = u*m + x", "a=0, x=0", "x", 1, "by hand: 0 + x"),
    Point(SURE, "y = 0*sqrt(x)", "x=0", "x", 0, LITERAL),
    Point(SURE, "y = 0*sqrt(x) + x", "x=0", "x", 1, LITERAL),
    Point(SURE, "y = sqrt(0*x) + x", "x=3", "x", 1, LITERAL),
    Point(SURE, "y = sqrt(x)^0 + x", "x=0", "x", 1, "by hand: 1 + x"),
    Point(SURE, "y = floor(sqrt(x) + 0.5) + x", "x=0", "x", 1, "by hand: 0 + x"),
    Point(SURE, "y = round(sqrt(x)) + x", "x=0", "x", 1, "by hand: 0 + x"),
    Point(SURE, "y = sqrt(floor(x)) + x", "x=0.5", "x", 1, "by hand: 0 + x"),
    Point(SURE, "y = (sqrt(x) > -1)*x", "x=0", "x", 1, "by hand: 1*x"),
    Point(SURE, "y = relu(sqrt(x) - 1) + x", "x=0", "x", 1, "by hand: 0 + x"),
    Point(SURE, "y = max(2, sqrt(x)) + x", "x=0", "x", 1, "by hand: 2 + x"),
    Point(SURE, "y = min(sqrt(x), -1) + x", "x=0", "x", 1, "by hand: -1 + x"),
    Point(SURE, "y = 0*(1/x)", "x=1e-200", "x", 0, LITERAL),
    # A literal 0 of the table at the row's own corner decides nothing.
    Point(EITHER, "y = floor(sqrt(x)) + x", "x=0", "x", 1, ONLY_RIGHT + "0 + x"),
    Point(VALUES, "y = relu(-sqrt(x)) + x", "x=0", "x", 1, ONLY_RIGHT + "0 + x"),
    Point(VALUES, "y = min(0, sqrt(x)) + x", "x=0", "x", 1, ONLY_RIGHT + "0 + x"),
    Point(VALUES, "y = abs(sqrt(x))", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "sqrt(x)"),
    Point(VALUES, "y = relu(sqrt(x))", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "sqrt(x)"),
    Point(VALUES, "y = max(0, sqrt(x))", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "sqrt(x)"),
    Point(VALUES, "y = hypot(sqrt(x), sqrt(x))", "x=0", "x", NEVER_ZERO, ONLY_RIGHT + "sqrt(2x)"),
    # Branches that are not taken have no say.
    Point(SURE, "y = if(x > 0, sqrt(x), 0)", "x=-1", "x", 0, UNTAKEN),
    Point(SURE, "y = if(c > 0, sqrt(x), 5*x)", "c=-1, x=0", "x", 5, UNTAKEN),
    Point(SURE, "w = sqrt(x)^2; y = if(c > 0, w, 3*x)", "c=-1, x=0", "x", 3, UNTAKEN),
    Point(SURE, "w = sqrt(x); y = if(c > 0, w*w, 3*x)", "c=-1, x=0", "w", 0, UNTAKEN),
    Point(SURE, "y = sqrt(if(c > 0, x, 4)) + x", "c=-1, x=0", "x", 1, UNTAKEN),
    Point(SURE, "y = sqrt(if(c > 0, x, 0)) + x", "c=-1, x=3", "x", 1, UNTAKEN),
    Point(VALUES, "y = if(c > 0, sqrt(x)^2, 3*x)", "c=1, x=0", "x", 1, ONLY_RIGHT + "x"),
    # Through names, families, sums and functions.
    Point(VALUES, "u = sqrt(x); v = 3*u; y = v^2", "x=0", "x", 9, ONLY_RIGHT + "9x"),
    Point(VALUES, "y = v*v; v = w; w = u; u = sqrt(x)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "f(t) = sqrt(t); y = f(x)*f(x)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "u[i] = sqrt(x[i]) for i in 1..2; y = sum(u[i]^2 for i in 1..2)",
          "x[1]=0, x[2]=4", "x[1]", 1, ONLY_RIGHT + "x[1] + x[2]"),
    Point(SURE, "u[i] = sqrt(x[i]) for i in 1..2; y = sum(u[i]^2 for i in 1..2)",
          "x[1]=0, x[2]=4", "x[2]", 1, "by hand: x[1] + x[2]"),
    Point(VALUES, "y = sqrt(sum(x[i]^2 for i in 1..3))", "x=0", "x[2]", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = prod(sqrt(x) for i in 1..2)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = mean(cbrt(x[i])^3 for i in 1..2)", "x=0", "x[1]", 0.5, SMOOTH + "(a + b)/2"),
    Point(VALUES, "x[1] = 9; x[t+1] = x[t] + sqrt(x[t])^2 for t in 1..3; y = x[4]", "x[1]=0", "x[1]", 8,
          ONLY_RIGHT + "2*2*2*x[1]"),
    # Zeros that underflowed.
    Point(BEYOND, "y = sqrt(exp(-x^2))", "x=40", "x", 0, "-40*exp(-800) by hand, below doubles"),
    Point(VALUES, "y = exp(-a)*sqrt(x)", "a=800, x=0", "x", NEVER_ZERO, "by hand: exp(-800)*inf"),
)  # fmt: skip

_SMALL = "by hand: the factors cancel"
_LOST = "x*1e-200*1e-200*1e200*1e200"
"""x, but for the range of doubles."""

_UNDER_AND_OVERFLOW = (
    Point(SURE, "p = a*1e200*1e200; L = p*1e-200*1e-200", "a=1e-300", "a", 1, _SMALL),
    Point(SURE, "p = a*1e200*1e200; L = p*1e-200*1e-200", "a=1e-300", "p", 0, "1e-400 by hand"),
    Point(SURE, "y = a*1e200*1e200*1e-200*1e-200", "a=1e-300", "a", 1, _SMALL),
    Point(SURE, "y = a*1e200*1e200*1e-200*1e-200", "a=-1e-300", "a", 1, _SMALL),
    Point(SURE, "y = a*1e200*1e200*1e-200*1e-200 + 2*a", "a=1e-300", "a", 3, _SMALL),
    Point(SURE, "y = a*1e200*1e200*1e-200*1e-200*b", "a=1e-300, b=7", "a", 7, _SMALL),
    Point(SURE, "y = a*1e200*1e200*1e-200*1e-200*b", "a=1e-300, b=7", "b", 1e-300, "a by hand"),
    Point(SURE, "y = a*1e308*1e10*1e-308*1e-10", "a=1e-100", "a", 1, _SMALL + ", by way of 1e-318"),
    Point(SURE, "y = a/1e-200/1e-200/1e200/1e200", "a=1e-300", "a", 1, _SMALL),
    Point(SURE, "u = a*1e250; v = u*1e250; w = v*1e-250; L = w*1e-250", "a=1e-300", "a", 1, _SMALL),
    Point(SURE, "u = a*1e250; v = u*1e250; w = v*1e-250; L = w*1e-250", "a=1e-300", "u", 1e-250,
          "by hand: 1e250*1e-500"),
    Point(SURE, "s[1] = 1; s[t+1] = s[t]*k[t] for t in 1..4; y = s[5]",
          "s[1]=1e-300, k[1]=1e200, k[2]=1e200, k[3]=1e-200, k[4]=1e-200", "s[1]", 1, _SMALL),
    Point(SURE, "y = 1e-200*(1e-150*(1e3*exp(x)))", "x=700", "x", 1.0142320547350045e-43,
          "mpmath 60 digits: exp(700)*1e-347"),
    Point(SURE, "y = (x^2)*1e-200*1e-200", "x=1e150", "x", 2e-250, "by hand: 2e150*1e-400"),
    Point(SURE, "y = -(a*1e200*1e200)*1e-200*1e-200", "a=1e-300", "a", -1, _SMALL),
    Point(SURE, "y = sqrt(a)*1e-200*1e-200", "a=1e300", "a", 0, "5e-551 by hand"),
    Point(BEYOND, "y = a^-3*1e-300*1e-300", "a=1e-100", "a", -3e-200, "-3*a^-4*1e-600 by hand"),
    Point(BEYOND, "y = a*1e-200*1e-200*1e200*1e200", "a=1e300", "a", 1, _SMALL),
    Point(SURE, "y = x*z*1e200*1e200", "x=1e-200, z=0", "x", 0, STILL),
    Point(BEYOND, "y = x*z*1e200*1e200", "x=1e-200, z=0", "z", 1e200, "x*1e400 by hand"),
    Point(BEYOND, "y = x*x*1e200*1e200", "x=0", "x", 0, "2x*1e400 by hand"),
    Point(SHOWN, "y = 1/x", "x=1e-300", "x", -inf, "-1e600 by hand, beyond doubles"),
    Point(SURE, "y = x^3", "x=1e-200", "x", 0, "3e-400 by hand, below doubles"),
    Point(SURE, "y = x^2", "x=5e-324", "x", 1e-323, "2x by hand"),
    Point(SURE, "y = tanh(x) + x", "x=400", "x", 1, "1 + 4*exp(-800) by hand"),
    Point(SURE, "y = sigmoid(x) + x", "x=-800", "x", 1, "1 + exp(-800) by hand"),
    # What comes after the zero that underflowed has slope 0 there, or it is another's factor.
    Point(VALUES, f"y = ({_LOST})^2", "x=1", "x", 2, _SMALL + ": x^2"),
    Point(VALUES, f"y = cos({_LOST})", "x=1", "x", -0.8414709848078965, "mpmath 60 digits: -sin(1)"),
    Point(VALUES, f"y = cosh({_LOST})", "x=1", "x", 1.1752011936438014, "mpmath 60 digits: sinh(1)"),
    Point(VALUES, f"y = hypot({_LOST}, 1)", "x=1", "x", 0.7071067811865476, "1/sqrt(2) by hand"),
    Point(VALUES, f"y = tanh({_LOST})^2", "x=1", "x", 0.6397000084492246,
          "mpmath 60 digits: 2*tanh(1)/cosh(1)^2"),
    Point(VALUES, f"y = atan2({_LOST}, 1)^2", "x=1", "x", pi / 4, _SMALL + ": atan(x)^2"),
    Point(VALUES, f"y = z + ({_LOST})^2", "x=1, z=2", "x", 2, _SMALL + ": z + x^2"),
    Point(VALUES, f"y = z + ({_LOST})^2", "x=1, z=2", "z", 1, _SMALL + ": z + x^2"),
    Point(VALUES, f"y = z*sin({_LOST})", "x=1, z=2", "z", 0.8414709848078965, "mpmath 60 digits: sin(1)"),
    Point(VALUES, f"y = relu({_LOST})^2", "x=1", "x", 2, _SMALL + ": x^2"),
    Point(VALUES, f"y = max(0, {_LOST})^2", "x=1", "x", 2, _SMALL + ": x^2"),
    Point(VALUES, "u = x*1e-200*1e-200; v = u*1e200*1e200; y = v*v", "x=1", "x", 2, _SMALL + ": x^2"),
    Point(VALUES, "y = (x/1e200/1e200/1e-200/1e-200)^2", "x=1", "x", 2, _SMALL + ": x^2"),
    Point(VALUES, "y = (exp(x)*1e300*1e100)^2", "x=-921", "x", 2.140889883042427,
          "mpmath 60 digits: 2*exp(-1842)*1e800"),
    Point(VALUES, "y = (exp2(x)*1e300*1e100)^2", "x=-1328", "x", 4.038192084594436,
          "mpmath 60 digits: 2*log(2)*2^-2656*1e800"),
    Point(VALUES, "y = (erfc(x)*1e300*1e300)^2", "x=37", "x", -2743206307.05307, "mpmath 60 digits"),
    Point(VALUES, "y = (atan2(x, 1e200)*1e200*1e200)^2", "x=1e-200", "x", 2e200, _SMALL + ": (x*1e200)^2"),
    Point(VALUES, "y = (x*x*1e200*1e200)^3", "x=1e-200", "x", 6e200, _SMALL + ": 6*x^5*1e1200"),
    Point(VALUES, "y = x*x*1e200*1e200*z", "x=1e-200, z=7", "z", 1, _SMALL + ": x^2*1e400"),
    Point(VALUES, "y = x*x*1e200*1e200*z", "x=1e-200, z=7", "x", 1.4e201, _SMALL + ": 2*x*z*1e400"),
    Point(VALUES, "y = a*b*1e300*c*d", "a=1e-200, b=1e-200, c=1e50, d=1e50", "c", 1e-50, _SMALL),
    Point(VALUES, "y = a*b*1e300*c*d", "a=1e-200, b=1e-200, c=1e50, d=1e50", "a", 1e200, _SMALL),
    Point(VALUES, "p = exp(-x); y = (sqrt(p*p)*exp(x)*z - 3)^2", "x=380, z=2", "z", -2, "by hand: 2(z - 3)"),
    Point(VALUES, "y = ((x*1e-200*1e-200 - z*1e-200*1e-200)*1e200*1e200)^2", "x=3, z=1", "z", -4,
          _SMALL + ": (x - z)^2"),
    Point(SURE, "y = 1e20 + tanh((x*1e-200*1e-130*1e308*1e22)^2)", "x=1", "x", 0.8399486832280524,
          "mpmath 60 digits: 2*x/cosh(x^2)^2"),
    Point(VALUES, "y = (cbrt(x)*1e-250*1e-250*1e250*1e250)^3", "x=1e-300", "x", 1, _SMALL + ": x"),
    Point(VALUES, "y = z*(exp(-x)*1e-200*1e-200*1e300*1e300*1e300)^2", "x=800, z=1", "z",
          1.3453303965256641e305, "mpmath 60 digits: exp(-1600)*1e1000"),
    Point(VALUES, f"y = cosh({_LOST}) + sum(logsumexp(i*x, x) for i in 2..15)", "x=1", "x", 119.394408314668,
          "mpmath 60 digits: sinh(1) + the sum of (i*exp(i) + e)/(exp(i) + e)"),
    Point(SURE, "y = exp(-x)*exp(-z) + x", "x=500, z=500", "x", 1, "1 - exp(-1000) by hand"),
    Point(SURE, "y = x*x + z", "x=1e-200, z=1", "x", 2e-200, "2x by hand"),
    Point(SHOWN, "y = exp(-800)*sqrt(x)", "x=0", "x", inf, "exp(-800)*inf by hand"),
)  # fmt: skip

_ZEROS_OF_JUMPS = (
    # What jumps is a factor below a root: it moves with the values.
    Point(VALUES, "y = cbrt(x^3*sign(x)^2)", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = cbrt(x^2*abs(x)*sign(x))", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = cbrt(x*sign(x)*x)", "x=0", "x", inf, SMOOTH + "cbrt(x*abs(x))"),
    Point(VALUES, "y = sqrt(x*sign(x))", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = cbrt(x*sign(x))", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = (x*sign(x))^0.5", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = log(1 + sqrt(x*sign(x)))", "x=0", "x", nan, UNDECIDED + "-inf and inf"),
    Point(VALUES, "y = sqrt(x*floor(x))", "x=0", "x", nan, UNDECIDED + "-inf and 0"),
    Point(VALUES, "y = sqrt(x*ceil(x))", "x=0", "x", nan, UNDECIDED + "0 and inf"),
    Point(VALUES, "y = sqrt((x > 0)*x)", "x=0", "x", nan, UNDECIDED + "0 and inf"),
    Point(VALUES, "y = sqrt(x*mod(x, 1))", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x*sign(x))^2", "x=0", "x", 0, CORNER + "-1 and 1"),
    Point(VALUES, "y = sqrt(x^2*(x > 0))", "x=0", "x", 0, CORNER + "0 and 1"),
    Point(VALUES, "y = cbrt(x^3*(x != 0))", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = cbrt(x^3)*(not (x == 0))", "x=0", "x", 1, SMOOTH + "x"),
    Point(VALUES, "y = sqrt(x)*sqrt(x)*(x != 0)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x)^2*(x >= 0)", "x=0", "x", 1, ONLY_RIGHT + "x"),
    Point(VALUES, "y = sqrt(x)^2*(x == 0)", "x=0", "x", 0, ONLY_RIGHT + "0"),
    Point(VALUES, "y = cbrt(x^3) + floor(x)", "x=0", "x", 1, DOCUMENTED + "of floor; the rest is x"),
    Point(VALUES, "y = if(x > 0, 5, cbrt(x^3))", "x=0", "x", 1, DOCUMENTED + "the second branch: x"),
    Point(VALUES, "y = if(sign(x) < 0.5, cbrt(x^3), 2*x)", "x=0", "x", 1, DOCUMENTED + "the first: x"),
    Point(EITHER, "y = x*atan2(z, x)", "x=-1, z=-0.0", "x", -pi, "C99, F.9.1.4: atan2(-0, -1) is -pi"),
)  # fmt: skip

_BORDERS = (
    Point(CHOICE, "y = if(x == 0, 0, x*log(z))", "x=0, z=23.1", "x", 0, DOCUMENTED + "this branch"),
    Point(EITHER, "y = if(x == 0, 0, x*log(z))", "x=0, z=23.1", "z", 0, "x/z by hand, too"),
    Point(CHOICE, "y = if(x < 1, x^2, 3*x)", "x=1", "x", 3, DOCUMENTED + "the second branch"),
    Point(CHOICE, "y = if(x <= 1, x^2, 3*x)", "x=1", "x", 2, DOCUMENTED + "the first branch"),
    Point(CHOICE, "y = if(x > 0, x, -x)", "x=0", "x", -1, DOCUMENTED + "the second branch"),
    Point(CHOICE, "y = if(x >= 0, x, -x)", "x=-0.0", "x", 1, DOCUMENTED + "the first branch"),
    Point(CHOICE, "y = if(x != 2, 5*x, x)", "x=2", "x", 1, DOCUMENTED + "the second branch"),
    Point(CHOICE, "y = if(not (x > 0), 2*x, x)", "x=0", "x", 2, DOCUMENTED + "the first branch"),
    Point(CHOICE, "y = if(x > 0 and z > 0, x*z, 0)", "x=0, z=2", "x", 0, DOCUMENTED + "the second"),
    Point(CHOICE, "y = if(x > 0 or z > 0, x*z, 7*x)", "x=0, z=-1", "x", 7, DOCUMENTED + "the second"),
    Point(CHOICE, "u = x - 1; y = if(u > 0, u, 4*u)", "x=1", "x", 4, DOCUMENTED + "the second branch"),
    Point(EITHER, "y = if(x == 0, 1, sin(x)/x)", "x=0", "x", 0, "0 beside the point, too"),
    Point(CHOICE, "y = max(x, z)", "x=2, z=2", "x", 1, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = max(x, z)", "x=2, z=2", "z", 0, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = min(x, z)", "x=2, z=2", "x", 1, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = min(x, z)", "x=2, z=2", "z", 0, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = max(0, x)", "x=0", "x", 0, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = max(x, 0)", "x=-0.0", "x", 1, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = max(x[i] for i in 1..3)", "x=5", "x[1]", 1, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = max(x[i] for i in 1..3)", "x=5", "x[3]", 0, DOCUMENTED + "all to the first"),
    Point(CHOICE, "v = b - b; y = abs(v)", "b=0", "v", 0, DOCUMENTED + "of abs at 0"),
    Point(CHOICE, "w = x^2; y = min(x, w)", "x=1", "w", 0, DOCUMENTED + "all to the first"),
    Point(CHOICE, "y = (x != 0)*x", "x=0", "x", 0, DOCUMENTED + "a comparison has slope 0"),
    Point(CHOICE, "y = if(x, 5*x, 2*x)", "x=0", "x", 2, DOCUMENTED + "the second branch"),
    Point(EITHER, "y = max(x, x)", "x=2", "x", 1, "by hand: x"),
    Point(CHOICE, "y = abs(x)", "x=0", "x", 0, DOCUMENTED + "of abs at 0"),
    Point(CHOICE, "y = abs(x)", "x=-0.0", "x", 0, DOCUMENTED + "of abs at 0"),
    Point(CHOICE, "u = x - 2; y = 3*abs(u)", "x=2", "x", 0, DOCUMENTED + "of abs at 0"),
    Point(CHOICE, "y = relu(x)", "x=0", "x", 0, DOCUMENTED + "of relu at 0"),
    Point(CHOICE, "y = relu(w*x + b)", "w=2, x=3, b=-6", "w", 0, DOCUMENTED + "of relu at 0"),
    Point(CHOICE, "y = leaky_relu(x)", "x=0", "x", 0.01, DOCUMENTED + "of leaky_relu at 0"),
    Point(EITHER, "y = x*abs(x)", "x=0", "x", 0, SMOOTH + "x*abs(x)"),
    Point(EITHER, "y = relu(x)^2", "x=0", "x", 0, "by hand: 0 on both sides"),
    Point(EITHER, "y = hypot(x, z)", "x=0, z=0", "x", 0, DOCUMENTED + "of hypot at its tip"),
    Point(EITHER, "y = sign(x)", "x=0", "x", 0, DOCUMENTED + "of sign at 0"),
    Point(EITHER, "y = floor(x) + x", "x=2", "x", 1, DOCUMENTED + "of floor"),
    Point(EITHER, "y = ceil(x) + x", "x=2", "x", 1, DOCUMENTED + "of ceil"),
    Point(EITHER, "y = round(x) + x", "x=2.5", "x", 1, DOCUMENTED + "of round"),
    Point(SURE, "y = 0^b", "b=2", "b", 0, STILL),
    Point(SURE, "y = x^2 + x^1 + x^0", "x=0", "x", 1, "2x + 1 + 0 by hand"),
    Point(SURE, "y = abs(x) + max(x, 1)", "x=3", "x", 2, "by hand: no corner here"),
    Point(SURE, "m = max(a, b); y = exp(a - m)/(exp(a - m) + exp(b - m))", "a=1, b=0.5", "m",
          0, "by hand: m cancels"),
    Point(EITHER, "m = max(a, b); y = exp(a - m)/(exp(a - m) + exp(b - m))", "a=1, b=1", "a",
          0.25, "by hand: softmax, s(1 - s), on both sides of the tie"),
)  # fmt: skip

_POLES = (
    Point(SHOWN, "y = sqrt(x)", "x=0", "x", inf, "limit by hand"),
    Point(SHOWN, "y = cbrt(x)", "x=0", "x", inf, "limit by hand"),
    Point(SHOWN, "y = x^0.5", "x=0", "x", inf, "limit by hand"),
    Point(SHOWN, "y = asin(x)", "x=1", "x", inf, "limit by hand"),
    Point(SHOWN, "y = acos(x)", "x=-1", "x", -inf, "limit by hand"),
    Point(SHOWN, "y = acosh(x)", "x=1", "x", inf, "limit by hand"),
    Point(SHOWN, "y = sqrt(1 - x^2)", "x=1", "x", -inf, "limit by hand from the left"),
    Point(SHOWN, "y = sin(acos(x))", "x=1", "x", -inf, "limit by hand from the left"),
    Point(
        SHOWN, "y = cos(asin(x))", "x=1", "x", -inf, "limit by hand from the left: sqrt(1 - x^2)"
    ),
    Point(
        SHOWN,
        "y = sin(2*acos(x))",
        "x=-1",
        "x",
        -inf,
        "limit by hand from the right: 2x*sqrt(1 - x^2)",
    ),
    Point(SHOWN, "y = (1 - sqrt(x))^2", "x=0", "x", -inf, "limit by hand: 1 - 2*sqrt(x) + x"),
    Point(SHOWN, "y = sqrt(x) - sqrt(x)", "x=0", "x", (0, nan), "by hand: 0 on the only side"),
    Point(SHOWN, "y = x^x", "x=0", "x", -inf, "limit by hand: log(x) + 1"),
    Point(SHOWN, "y = softplus(sqrt(x))", "x=0", "x", inf, "limit by hand: sqrt(x)/2"),
    Point(EITHER, "y = if(x == 0, 1, 1/x)", "x=0", "x", 0, DOCUMENTED + "this branch"),
    Point(NO_VALUE, "y = 1/x", "x=0", "x", nan, "a pole"),
    Point(NO_VALUE, "y = log(x)", "x=0", "x", nan, "a pole"),
    Point(NO_VALUE, "y = x*log(x)", "x=0", "x", nan, "a pole in a step"),
    Point(NO_VALUE, "y = x^-1", "x=0", "x", nan, "a pole"),
    Point(NO_VALUE, "y = atanh(x)", "x=1", "x", nan, "a pole"),
    Point(NO_VALUE, "y = 1/sqrt(x)*x", "x=0", "x", nan, "a pole in a step"),
    Point(NO_VALUE, "y = exp(x)", "x=710", "x", nan, "beyond doubles"),
)

_NEWER_ROWS = (
    Point(CHOICE, "y = clamp(x, 0, 1)", "x=0", "x", 1, DOCUMENTED + "of clamp at its ends"),
    Point(CHOICE, "y = clamp(x, 0, 1)", "x=1", "x", 1, DOCUMENTED + "of clamp at its ends"),
    Point(SURE, "y = clamp(x, 0, 1)", "x=0.5", "x", 1, "by hand: x"),
    Point(SURE, "y = clamp(x, 0, 1)", "x=7", "x", 0, "by hand: 1"),
    Point(CHOICE, "y = clamp(x, a, b)", "x=2, a=2, b=3", "a", 0, DOCUMENTED + "of clamp at its ends"),
    Point(CHOICE, "y = clamp(x, a, b)", "x=3, a=2, b=3", "b", 0, DOCUMENTED + "of clamp at its ends"),
    Point(SURE, "y = clamp(x, a, b)", "x=1, a=2, b=3", "a", 1, "by hand: a"),
    Point(SURE, "y = clamp(x, a, b)", "x=4, a=2, b=3", "b", 1, "by hand: b"),
    Point(SHOWN, "y = clamp(-sqrt(x), 0, 1) + x", "x=0", "x", -inf, DOCUMENTED + "of clamp at its ends"),
    Point(EITHER, "y = clamp(x, 0, 1)^2", "x=0", "x", 0, "by hand: 0 on both sides"),
    Point(NO_VALUE, "y = clamp(x, a, b)", "x=1, a=3, b=2", "x", nan, "the ends are in the wrong order"),
    Point(EITHER, "y = mod(x, 3)", "x=6", "x", 1, DOCUMENTED + "of mod at its jumps"),
    Point(EITHER, "y = mod(x, z)", "x=6, z=3", "z", -2, DOCUMENTED + "of mod at its jumps"),
    Point(SURE, "y = mod(x, z)", "x=-7, z=3", "z", 3, "by hand: x + 3z"),
    Point(SURE, "y = mod(x, z)", "x=7, z=-3", "z", 3, "by hand: x + 3z"),
    Point(NO_VALUE, "y = mod(x, z)", "x=7, z=0", "x", nan, "a divisor of 0"),
    Point(CHOICE, "y = elu(x, 0.5)", "x=0", "x", 0.5, DOCUMENTED + "of elu at 0"),
    Point(EITHER, "y = elu(x)", "x=0", "x", 1, "by hand: 1 on both sides"),
    Point(EITHER, "y = elu(x, a)", "x=0, a=3", "a", 0, "by hand: 0 on both sides"),
    Point(CHOICE, "y = selu(x)", "x=0", "x", 1.7580993408473766, DOCUMENTED + "of selu at 0"),
    Point(SURE, "y = sinc(x)", "x=0", "x", 0, SMOOTH + "1 - x^2/6 + …"),
    Point(SURE, "y = sinc(x)", "x=1e-300", "x", -1e-300 / 3, SMOOTH + "1 - x^2/6 + …"),
    Point(VALUES, "y = sinc(sqrt(x))", "x=0", "x", -1 / 6, ONLY_RIGHT + "1 - x/6 + …"),
    Point(VALUES, "y = sec(sqrt(x))", "x=0", "x", 0.5, ONLY_RIGHT + "1 + x/2 + …"),
    Point(VALUES, "y = erfinv(sqrt(x))^2", "x=0", "x", pi / 4, ONLY_RIGHT + "pi*x/4 + …"),
    Point(VALUES, "y = mish(sqrt(x))*sqrt(x)", "x=0", "x", 0.6, ONLY_RIGHT + "tanh(log(2))*x + …"),
    Point(VALUES, "y = normpdf(sqrt(x))", "x=0", "x", -1 / sqrt(8 * pi), ONLY_RIGHT + "(1 - x/2)/sqrt(2*pi)"),
    Point(VALUES, "y = exp2(sqrt(x)^2)", "x=0", "x", log(2), ONLY_RIGHT + "2^x"),
    Point(SHOWN, "y = logsumexp(sqrt(x), z)", "x=0, z=0", "x", inf, "limit by hand: sqrt(x)/2"),
    Point(SURE, "y = logsumexp(x, z)", "x=1000, z=1000", "x", 0.5, "by hand: equal shares"),
    Point(SURE, "y = logsumexp(x, z)", "x=1e300, z=-1e300", "x", 1, "by hand: x"),
    Point(SURE, "y = logsumexp(x[i] for i in 1..4)", "x=-1e5", "x[3]", 0.25, "by hand: equal shares"),
    Point(SURE, "y = logsigmoid(x) + x", "x=800", "x", 1, "1 + exp(-800) by hand"),
    Point(SURE, "y = logsigmoid(x)", "x=-800", "x", 1, "1 - exp(-800) by hand"),
    Point(SHOWN, "y = cot(x)", "x=1e-200", "x", -inf, "-1e400 by hand, beyond doubles"),
    Point(SHOWN, "y = csc(x)", "x=1e-200", "x", -inf, "-1e400 by hand, beyond doubles"),
    Point(NO_VALUE, "y = cot(x)", "x=0", "x", nan, "a pole"),
    Point(NO_VALUE, "y = csc(x)", "x=0", "x", nan, "a pole"),
    Point(NO_VALUE, "y = erfinv(x)", "x=1", "x", nan, "a pole"),
    Point(NO_VALUE, "y = erfinv(x)", "x=-1", "x", nan, "a pole"),
    Point(NO_VALUE, "y = exp2(x)", "x=1024", "x", nan, "beyond doubles"),
)  # fmt: skip

POINTS = (
    *_ZEROS_OF_ROOTS,
    *_ZEROS_ELSEWHERE,
    *_UNDER_AND_OVERFLOW,
    *_ZEROS_OF_JUMPS,
    *_BORDERS,
    *_POLES,
    *_NEWER_ROWS,
)
