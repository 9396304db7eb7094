"""What functions of other tools and of textbooks are called, and how each is written here.

    MEANT   the hints for a call: `lg(x)` asks which logarithm is meant, `sind(x)` is sin(x*pi/180)
    ABSENT  the language has nothing like it

In the texts of MEANT, `[x]`, `[y]`, `[z]` and `[w]` are the arguments of the call; `<x>` is one
with brackets where it is more than a name, a number or a call.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from unicodedata import normalize

from backprop.operations import FUNCTIONS

_WRITTEN = {
    "pi": "pi", "exp(1)": "e",
    # logarithms and exponentials
    "log10([x])": "lg LOG alog10", "log2([x])": "lg lb ld", "log([x])": "LOG logb reallog alog",
    "log([x])/log([y])": "log LOG ln logb", "floor(log2(abs([x])))": "logb ilogb",
    "10^<x>": "exp10 pow10 antilog", "exp([x])": "antilog",
    "log1p(-<x>)": "log1m", "log1p([x])": "logp1 ln1p", "log1p([x])/log(2)": "log2p1",
    "log1p([x])/log(10)": "log10p1", "log1p([x]) - <x>": "log1pmx",
    "expm1(<x>*log(2))": "exp2m1", "expm1(<x>*log(10))": "exp10m1", "expm1([x])/<x>": "exprel",
    "softplus([x])": "log1p_exp log1pexp", "log(-expm1([x]))": "log1m_exp log1mexp",
    "<x> + log(-expm1(<y> - <x>))": "log_diff_exp logdiffexp logsubexp",
    "<x> + log(-expm1(-<x>))": "logexpm1 invsoftplus softplusinv softplus_inverse inv_softplus",
    "logsumexp([x], [y])": "log_sum_exp log_add_exp",
    "logsumexp(<x>*log(2), <y>*log(2))/log(2)": "logaddexp2",
    "logsumexp(log([x]) + [y], log1p(-<x>) + [z])": "log_mix",
    "if(<x> == 0, 0, <x>*log([y]))": "xlogy lmultiply multiply_log",
    "if(<x> == 0, 0, <x>*log1p([y]))": "xlog1py", "if(<x> == 0, 0, <x>*log([x]))": "xlogx",
    "if(<x> == 0, 0, -<x>*log([x]))": "entr", "<x>*log(<x>/<y>)": "rel_entr",
    "(<x>^<y> - 1)/<y>": "boxcox", "expm1(<y>*log([x]))": "powm1",
    "abs([x]) + log1p(exp(-2*abs([x]))) - log(2)": "logcosh log_cosh",
    # powers and roots
    "<x>^<y>":
        "power powf powr pown realpow float_power potenz puissance potencia potenza potência macht",
    "mod(<x>^<y>, [z])": "pow",
    "<x>^2": "square sqr sq", "<x>^3": "cube", "1/<x>^2": "inv_square",
    "sqrt([x])":
        "sqr realsqrt squareroot square_root sqroot dsqrt wurzel racine raiz raíz radq wortel",
    "1/<x>": "inv inverse reciprocal recip",
    "1/sqrt([x])": "inv_sqrt rsqrt invsqrt inversesqrt", "sqrt(pi*<x>)": "sqrtpi",
    "<x>^(1/<y>)": "sqrt root nthroot nroot rootn surd real_root",
    "sign([x])*abs([x])^(1/<y>)": "nthroot rootn surd real_root",
    "cbrt([x])": "cuberoot cube_root curt cubrt", "<x>^(1/4)": "fourthroot",
    "expm1(log1p([x])/2)": "sqrt1pm1", "(1 + <x>)^<y>": "compoundn",
    "<x>*2^<y>": "ldexp scalbn scalb",
    "hypot([x], [y])": "hypotenuse",
    # arithmetic
    "<x> + <y>": "add plus", "<x> - <y>": "subtract sub minus",
    "<x>/<y>": "divide rdivide true_divide rational",
    "<x>*<y>": "multiply mult mul times product", "-<x>": "negative neg negate uminus",
    "<x>*<y> + [z]": "fma muladd mad",
    "(<x> + <y>)/2": "average avg", "(<x> + <y> + <z>)/3": "average avg",
    "<x> + <z>*(<y> - <x>)": "lerp mix", "(<x> - <y>)/<z>": "standardize",
    # whole numbers
    "floor([x])": "int intg ganzzahl ent entero inteiro",
    "sign([x])*floor(abs([x]))": "int trunc fix ipart aint truncate rounddown abrunden",
    "round([x])": "int rint nearbyint roundeven around",
    "sign([x])*floor(abs([x]) + 0.5)": "lround llround nint anint",
    "round(<x>*10^<y>)/10^<y>":
        "round around runden arrondi redondear arrotonda afronden arred",
    "<y>*round(<x>/<y>)": "mround",
    "sign([x])*floor(abs([x])*10^<y>)/10^<y>": "trunc rounddown abrunden",
    "sign([x])*ceil(abs([x])*10^<y>)/10^<y>": "roundup aufrunden",
    "sign([x])*ceil(abs([x]))": "roundup aufrunden",
    "ceil([x])": "ceiling", "<y>*floor(<x>/<y>)": "floor", "<y>*ceil(<x>/<y>)": "ceil ceiling",
    "mod([x], 1)": "frac fract", "sign([x])*mod(abs([x]), 1)": "fpart",
    "sign([x])*mod(abs([x]), abs([y]))": "fmod rem",
    "mod([x], [y])": "modulo remainder rest residuo resto",
    "<x> - <y>*round(<x>/<y>)": "remainder ieeeremainder", "mod([x], 2*pi)": "mod2pi",
    "floor(<x>/<y>)": "floor_divide floordiv fld", "ceil(<x>/<y>)": "cld",
    "sign(<x>/<y>)*floor(abs(<x>/<y>))": "quotient", "floor(sqrt([x]))": "isqrt",
    # choices
    "if([x], [y], [z])":
        "IF If where ifelse iif if_else ifthenelse wenn piecewise SI SE ALS",
    "<x> and <y>": "AND And und ET EN", "<x> or <y>": "OR Or oder OU OF",
    "not <x>": "NOT Not nicht NON NIET",
    "if(<x> >= 0, 1, 0)": "heaviside step hardlim", "if(<x> > 0, 1, 0)": "heaviside int_step",
    "(1 + sign([x]))/2": "heaviside", "if(<x> > 0, 1, if(<x> < 0, 0, [y]))": "heaviside",
    "if(<y> >= <x>, 1, 0)": "step", "if(<x> >= <y>, 1, 0)": "gestep",
    "if(<y> >= 0, abs([x]), -abs([x]))": "copysign sign", "if(<y> >= 0, [x], -<x>)": "flipsign",
    "abs([x])": "absolute fabsf iabs dabs modulus magnitude",
    "sign([x])": "signum vorzeichen signe signo segno",
    "max(<x> - <y>, 0)": "fdim dim", "max([x], [y])": "fmax maximum pmax",
    "min([x], [y])": "fmin minimum pmin",
    "clamp([x], [y], [z])": "clip constrain bound limit", "clamp([x], 0, 1)": "saturate clamp01 satlin",
    # trigonometric functions
    "sin([x])": "sen seno sine sinf", "cos([x])": "cosine cosf", "tan([x])": "tg tangent tanf",
    "cot([x])": "ctg cotan cotg cotangent", "csc([x])": "cosec cosecant", "sec([x])": "secant",
    "sinh([x])": "sh senh", "cosh([x])": "ch", "tanh([x])": "th tgh tansig",
    "1/sinh([x])": "csch cosech", "1/tanh([x])": "coth cth cotanh ctgh",
    "asin([x])": "arcsen", "atan([x])": "arctg", "atan(1/<x>)": "acot arccot arcctg",
    "pi/2 - atan([x])": "acot arccot arcctg", "acos(1/<x>)": "asec arcsec",
    "asin(1/<x>)": "acsc arccsc arccosec acosec", "asinh([x])": "arsh argsh argsinh",
    "acosh([x])": "arch argch argcosh", "atanh([x])": "arth argth argtanh",
    "acosh(1/<x>)": "asech arsech arcsech", "asinh(1/<x>)": "acsch arcsch arccsch",
    "atanh(1/<x>)": "acoth arcoth arccoth", "atan2([y], [x])": "ATAN2",
    "atan2([x], [y])": "ATAN2 atan arctan",
    "<x>*pi/180": "radians deg2rad deg_to_rad toradians rad bogenmass bogenmaß radianes radianti",
    "<x>*180/pi": "degrees rad2deg rad_to_deg todegrees deg degrés degres grados gradi",
    "1 - cos([x])": "versin vers versine", "1 - sin([x])": "coversin covers",
    "sin(<x>/2)^2": "haversin haversine hav", "-2*sin(<x>/2)^2": "cosm1",
    "sinh([x])/<x>": "sinhc", "tan([x])/<x>": "tanc", "sin(pi*<x>)/(pi*<x>)": "sincpi",
    "atan2([x], [y])*180/pi": "atan2d", "atan2([x], [y])/pi": "atan2pi",
    # activations
    "sigmoid([x])": "σ inv_logit invlogit ilogit antilogit sigm logsig plogis",
    "log(<x>/(1 - <x>))": "logit qlogis", "sigmoid((<x> - <y>)/<z>)": "plogis",
    "<y> + <z>*log(<x>/(1 - <x>))": "qlogis", "sigmoid([x])*sigmoid(-<x>)": "dlogis",
    "logsigmoid([x])": "log_inv_logit log_expit", "logsigmoid(-<x>)": "log1m_inv_logit",
    "-expm1(-exp([x]))": "inv_cloglog", "log(-log1p(-<x>))": "cloglog",
    "relu([x])": "poslin", "clamp([x], 0, 6)": "relu6", "leaky_relu([x])": "lrelu",
    "leaky_relu([x], [y])": "lrelu prelu", "max([x], 0) + min(<y>*expm1(<x>/<y>), 0)": "celu",
    "clamp([x], -1, 1)": "hardtanh hard_tanh satlins",
    "clamp(<x> + 3, 0, 6)/6": "hardsigmoid hard_sigmoid",
    "<x>*clamp(<x> + 3, 0, 6)/6": "hardswish hard_swish hardsilu hard_silu",
    "<x>/(1 + abs([x]))": "softsign", "<x> - tanh([x])": "tanhshrink",
    "softplus(<x>*<y>)/<y>": "softplus", "<x>*sigmoid(<x>*<y>)": "silu swish",
    "<x>*sigmoid(1.702*<x>)": "quick_gelu",
    "if(abs([y]) <= <x>, <y>^2/2, <x>*(abs([y]) - <x>/2))": "huber",
    "<x>^2*(sqrt(1 + (<y>/<x>)^2) - 1)": "pseudo_huber",
    # gamma and its kin
    "digamma([x])": "psi ψ psigamma", "polygamma([x], [y])": "psi", "polygamma([y], [x])": "psigamma",
    "polygamma(1, [x])": "trigamma", "polygamma(2, [x])": "tetragamma",
    "polygamma(3, [x])": "pentagamma",
    "gamma([x])": "Γ", "lgamma([x])": "lngamma gammaln loggamma lgam logabsgamma",
    "lgamma(<x> + 1)": "lgamma1p lfactorial logfactorial log_factorial",
    "gamma(<x> + 1)": "factorial fact gamma1p fakultät",
    "gamma(<x> + 1)/(gamma(<y> + 1)*gamma(<x> - <y> + 1))":
        "comb ncr binomial choose nchoosek combin binom kombinationen",
    "gamma(<x> + 1)/gamma(<x> - <y> + 1)": "perm npr permut falling_factorial",
    "gamma(<x> + <y>)/gamma([x])": "rising_factorial poch pochhammer",
    "lgamma(<x> + 1) - lgamma(<y> + 1) - lgamma(<x> - <y> + 1)":
        "lchoose binomial_coefficient_log logbinomial",
    "lgamma([x]) + lgamma([y]) - lgamma(<x> + <y>)": "lbeta betaln logbeta",
    "lgamma(<x> + 1) - lgamma(<x> - <y> + 1)": "log_falling_factorial",
    "lgamma(<x> + <y>) - lgamma([x])": "log_rising_factorial",
    # the normal distribution and the error function
    "normcdf([x])": "Φ phi ndtr pnorm normsdist std_normal_cdf normal_cdf",
    "normpdf([x])": "φ phi dnorm",
    "log(normcdf([x]))": "log_ndtr std_normal_lcdf", "-<x>^2/2 - log(2*pi)/2": "std_normal_lpdf",
    "normcdf(<x> - <y>)": "normcdf", "normcdf([y]) - normcdf([x])": "normcdf normalcdf",
    "normcdf((<x> - <y>)/<z>)": "normcdf pnorm normal_cdf", "normpdf(<x> - <y>)": "normpdf",
    "normpdf((<x> - <y>)/<z>)/<z>": "normpdf dnorm normalpdf normal_pdf",
    "normcdf((<y> - <z>)/<w>) - normcdf((<x> - <z>)/<w>)": "normcdf normalcdf",
    "if(<w> != 0, normcdf((<x> - <y>)/<z>), normpdf((<x> - <y>)/<z>)/<z>)": "normdist",
    "sqrt(2)*erfinv(2*<x> - 1)":
        "qnorm norminv normsinv invnorm ndtri probit inv_phi std_normal_qf",
    "<y> + <z>*sqrt(2)*erfinv(2*<x> - 1)": "qnorm norminv invnorm",
    "sigmoid(0.07056*<x>^3 + 1.5976*<x>)": "phi_approx",
    "erf([y]) - erf([x])": "erf erf2", "exp(<x>^2)*erfc([x])": "erfcx",
    "erfinv(1 - <x>)": "erfcinv inverfc",
    "erfinv([x])": "inverf inv_erf",
} | {
    # degrees, and half turns
    f"{name}(<x>*pi/180)": f"{name}d {name}dg" for name in "sin cos tan cot sec csc".split()
} | {
    f"{name}([x])*180/pi": f"{name}d" for name in ("asin", "acos", "atan")
} | {
    f"{name}(pi*<x>)": f"{name}pi" for name in ("sin", "cos", "tan")
} | {
    f"{name}([x])/pi": f"{name}pi" for name in ("asin", "acos", "atan")
}  # fmt: skip
"""How it is written here, and the names for it elsewhere: of SymPy, NumPy, SciPy, MATLAB, Excel, R,
Stan, Julia, C, Fortran, calculators and textbooks. A name that is a function here stands where it
is called with more arguments; capitals where they have a meaning of their own."""


def _by_name() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text, names in _WRITTEN.items():
        for name in names.split():
            found[name] = (*found.get(name, ()), text)
    return MappingProxyType(found)


_GATHERED = {
    "sum": "summe somme suma somma soma som total",
    "mean": "average avg mittelwert moyenne promedio media média gemiddelde",
    "prod": "product produkt produit producto prodotto produto",
}


def gathering(name: str) -> str:
    """`sum`, `prod` or `mean` of what others call it, `SUM` and `AVERAGE`; "" of other names."""
    small = name.lower()
    gathers = (gather for gather, names in _GATHERED.items() if small in (gather, *names.split()))
    return next(gathers, "")


MEANT = _by_name()
"""Names that have no function, or one with fewer arguments, and what may be meant."""


def logarithm(name: str, x: str, factor: bool = False) -> str:
    """What a logarithm with its base in its name is of x: `log(x)/log(a)` of `log_a`, `logₐ`; ""
    of other names. factor: with brackets where a factor needs them."""
    found = re.fullmatch(r"log_?(\d+|[^\W\d_])", normalize("NFKC", name.lower()))
    if not found or (found[1].isalpha() and len(name) == 4 and name.isascii()):
        return ""  # logs
    if found[1] == "e":
        return f"log({x})"
    if (named := f"log{found[1]}") in FUNCTIONS:
        return f"{named}({x})"
    quotient = f"log({x})/log({found[1]})"
    return f"({quotient})" if factor else quotient


ABSENT = frozenset(
    """erfi expi expint ei li si ci shi chi gammainc gammaincc igamma igammac uppergamma lowergamma
    jinc cosc erf2inv zeta eta lambertw glu swiglu geglu reglu rrelu crelu srelu dexp pexp qexp
    rexp dgamma pgamma qgamma rgamma rnorm runif rand randn beta len length size count numel ndim
    shape argmin argmax median std cumsum gcd lcm linspace zeros ones""".split()
)
"""Functions of other tools that this language lacks: no function of a similar name is meant."""


ELSEWHERE = {
    **dict.fromkeys(("deg", "degree", "degrees"), "for degrees write pi/180"),
    "e": "for Euler's number write exp(1)",
    "tau": "for the circle's 6.283… write 2*pi",
    **dict.fromkeys(("PI", "Pi"), "for the circle's 3.14… write pi"),
    **dict.fromkeys(
        ("Inf", "INF", "infinity", "Infinity"), "for what is larger than all write inf"
    ),
    **dict.fromkeys(("True", "true", "TRUE"), "for what is true write 1"),
    **dict.fromkeys(("False", "false", "FALSE"), "for what is false write 0"),
    **dict.fromkeys(
        ("nan", "NaN", "None", "null", "NA"), "there is no number for what is not known"
    ),
}
"""Names without a number that are constants elsewhere."""
