"""What SymPy, NumPy, MATLAB, Excel, R, Stan, C, calculators and textbooks call things: the hint for
a call, put in its place, has the value that mpmath, SciPy, NumPy or Python's math gives."""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
import scipy.special as special
import scipy.stats as stats

import backprop as library
from backprop.errors import MeaningFault
from backprop.meanings import ABSENT, MEANT
from backprop.operations import FUNCTIONS
from running import backprop
from test_synonyms import MEANING

NORMAL = stats.norm
LOGISTIC = stats.logistic


def _signed_root(x: float, n: float) -> float:
    return math.copysign(abs(x) ** (1 / n), x)


class Row(NamedTuple):
    """Names of one meaning, with what they are called, and what each hint gives, in their order."""

    names: str
    arguments: tuple[float, ...]
    meant: tuple[Callable[..., float] | float, ...]


def _row(
    names: str,
    *arguments: float,
    of: Callable[..., float] | tuple[Callable[..., float] | float, ...],
) -> Row:
    return Row(names, arguments, of if isinstance(of, tuple) else (of,))


def _degrees(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(math.radians(x))


TABLE = [
    # NumPy and SciPy by their own names: the function itself is the truth
    *(_row(name, 0.3, of=getattr(np, name)) for name in "square reciprocal deg2rad rad2deg radians degrees absolute negative rint".split()),
    *(_row(name, 0.3, 1.7, of=getattr(np, name)) for name in "fmax fmin maximum minimum power float_power logaddexp2 copysign add subtract multiply divide true_divide".split()),
    *(_row(name, 7.3, 2.0, of=getattr(np, name)) for name in "fmod floor_divide".split()),
    *(_row(name, -7.3, 2.0, of=getattr(np, name)) for name in "fmod floor_divide copysign".split()),
    *(_row(name, 0.3, of=getattr(special, name)) for name in "exp10 exprel entr erfcx erfcinv gammaln loggamma log_expit log_ndtr ndtr ndtri psi cosm1 sindg cosdg tandg cotdg logit".split()),
    *(_row(name, 0.3, 1.7, of=getattr(special, name)) for name in "xlogy xlog1py rel_entr boxcox poch betaln huber pseudo_huber powm1".split()),
    _row("huber", 0.7, -2.0, of=special.huber), _row("xlogy xlog1py", 0.0, 0.0, of=lambda x, y: 0.0),
    _row("xlogx entr", 0.0, of=lambda x: 0.0),
    *(_row(name, 5.0, 2.0, of=getattr(special, name)) for name in "binom comb perm".split()),
    _row("clip", 0.3, 1.0, 2.0, of=lambda *each: float(np.clip(*each))),
    _row("remainder", -7.3, 2.0, of=(np.remainder, math.remainder)),
    # Python's math and C's math.h
    *(_row(name, 0.3, of=getattr(math, name)) for name in "radians degrees trunc".split()),
    _row("factorial", 7.0, of=lambda x: 5040.0), _row("isqrt", 7.0, of=lambda x: 2.0),
    _row("comb", 7.0, 3.0, of=lambda n, k: 35.0), _row("perm", 7.0, 3.0, of=lambda n, k: 210.0),
    _row("ldexp scalbn scalb", 0.3, 5.0, of=lambda x, n: math.ldexp(x, int(n))),
    _row("ieeeremainder", 7.3, 2.0, of=math.remainder),
    _row("fdim dim", 0.3, 1.7, of=lambda x, y: 0.0), _row("fdim dim", 1.7, 0.3, of=lambda x, y: 1.4),
    _row("fma muladd mad", 0.3, 1.7, 2.0, of=lambda x, y, z: 2.51),
    _row("logb", 40.0, of=(math.log, lambda x: 5.0)), _row("ilogb", 40.0, of=lambda x: 5.0), _row("ilogb", -0.3, of=lambda x: -2.0),
    _row("lround llround nint anint", 2.5, of=lambda x: 3.0), _row("lround llround nint anint", -3.5, of=lambda x: -4.0),
    _row("nearbyint roundeven around rint", 2.5, of=round),
    _row("sinpi", 0.3, of=lambda x: math.sin(math.pi * x)),
    _row("cospi", 0.3, of=lambda x: math.cos(math.pi * x)), _row("tanpi", 0.3, of=lambda x: math.tan(math.pi * x)),
    *(_row(f"{each.__name__}pi", 0.3, of=lambda x, each=each: each(x) / math.pi) for each in (math.asin, math.acos, math.atan)),
    _row("atan2pi", 0.3, -1.7, of=lambda y, x: math.atan2(y, x) / math.pi), _row("atan2d", 0.3, -1.7, of=lambda y, x: math.degrees(math.atan2(y, x))),
    _row("exp2m1", 1e-9, of=lambda x: math.expm1(x * math.log(2))), _row("exp10m1", 1e-9, of=lambda x: math.expm1(x * math.log(10))),
    _row("logp1", 1e-9, of=math.log1p), _row("log2p1", 0.3, of=lambda x: math.log2(1.3)), _row("log10p1", 0.3, of=lambda x: math.log10(1.3)),
    _row("powr pown powf realpow", 0.3, 2.0, of=math.pow), _row("compoundn", 0.3, 2.0, of=lambda x, n: 1.69),
    _row("rootn nthroot surd real_root", 0.3, 3.0, of=(lambda x, n: x ** (1 / n), _signed_root)),
    _row("rootn nthroot surd real_root", -8.0, 3.0, of=(math.nan, lambda x, n: -2.0)), _row("root nroot", 0.3, 3.0, of=lambda x, n: x ** (1 / n)),
    _row("sinf", 0.3, of=math.sin), _row("cosf", 0.3, of=math.cos), _row("tanf", 0.3, of=math.tan),
    _row("fabsf iabs dabs modulus magnitude", -0.3, of=abs), _row("dsqrt realsqrt squareroot square_root sqroot", 0.3, of=math.sqrt),
    # MATLAB, Fortran and Julia
    *(_row(f"{name}d", 30.3, of=_degrees(getattr(math, name))) for name in ("sin", "cos", "tan")),
    _row("cotd", 30.3, of=_degrees(lambda x: 1 / math.tan(x))), _row("secd secdg", 30.3, of=_degrees(lambda x: 1 / math.cos(x))),
    _row("cscd cscdg", 30.3, of=_degrees(lambda x: 1 / math.sin(x))),
    *(_row(f"{each.__name__}d", 0.3, of=lambda x, each=each: math.degrees(each(x))) for each in (math.asin, math.acos, math.atan)),
    _row("rem", -7.3, 2.0, of=math.fmod), _row("fix aint ipart truncate rounddown", -7.3, of=math.trunc), _row("roundup", -7.3, of=lambda x: -8.0), _row("fpart", -7.25, of=lambda x: -0.25),
    _row("modulo", -7.3, 2.0, of=lambda x, y: x % y), _row("mod2pi", 7.0, of=lambda x: x % (2 * math.pi)), _row("fld floordiv", -7.3, 2.0, of=lambda x, y: x // y),
    _row("cld", 7.3, 2.0, of=lambda x, y: 4.0), _row("flipsign", -0.3, -2.0, of=lambda x, y: 0.3), _row("flipsign", -0.3, 2.0, of=lambda x, y: -0.3),
    _row("nchoosek ncr choose combin binomial", 7.0, 3.0, of=lambda x, y: 35.0), _row("npr permut falling_factorial", 7.0, 3.0, of=lambda x, y: 210.0),
    _row("fact", 5.0, of=lambda x: 120.0), _row("gamma1p", 0.3, of=lambda x: math.gamma(1.3)),
    _row("lgamma1p lfactorial logfactorial log_factorial", 0.3, of=lambda x: math.lgamma(1.3)), _row("lgam logabsgamma lngamma", 0.3, of=math.lgamma),
    _row("plus", 0.3, 2.0, of=lambda x, y: 2.3), _row("sub minus", 0.3, 2.0, of=lambda x, y: -1.7), _row("times mul product", 0.3, 2.0, of=lambda x, y: 0.6),
    _row("rdivide rational", 0.3, 2.0, of=lambda x, y: 0.15), _row("uminus", 0.3, of=lambda x: -0.3), _row("reallog alog", 0.3, of=math.log), _row("alog10", 0.3, of=math.log10),
    _row("fourthroot", 0.3, of=lambda x: 0.3**0.25), _row("cuberoot cube_root curt cubrt", -8.0, of=lambda x: -2.0),
    _row("logsig sigm antilogit invlogit ilogit inv_logit", 0.3, of=special.expit), _row("tansig tgh th", 0.3, of=math.tanh), _row("poslin", -0.3, of=lambda x: 0.0),
    _row("satlin saturate clamp01", 1.3, of=lambda x: 1.0), _row("satlins hardtanh hard_tanh", -1.3, of=lambda x: -1.0), _row("hardlim", 0.0, of=lambda x: 1.0),
    # Excel
    _row("mround", 10.0, 3.0, of=lambda x, y: 9.0), _row("rounddown trunc", -7.38, 1.0, of=lambda x, n: -7.3), _row("roundup", -7.32, 1.0, of=lambda x, n: -7.4),
    _row("ceiling", 2.5, 2.0, of=lambda x, y: 4.0), _row("quotient", -10.0, 3.0, of=lambda x, y: -3.0), _row("sqrtpi", 0.3, of=lambda x: math.sqrt(0.3 * math.pi)),
    _row("gestep", 0.3, 0.3, of=lambda x, y: 1.0), _row("gestep", 0.3, 0.4, of=lambda x, y: 0.0), _row("average avg", 0.3, 2.0, of=lambda x, y: 1.15), _row("average avg", 1.0, 2.0, 6.0, of=lambda *each: 3.0),
    # Excel in German, French, Spanish, Italian, Dutch and Portuguese
    _row("wurzel racine raiz raíz radq wortel", 0.3, of=math.sqrt), _row("potenz puissance potencia potenza potência macht", 0.3, 1.7, of=math.pow),
    _row("runden arrondi redondear arrotonda afronden arred", 2.345, 1.0, of=lambda x, n: 2.3), _row("abrunden", -7.38, 1.0, of=lambda x, n: -7.3), _row("aufrunden", -7.32, 1.0, of=lambda x, n: -7.4), _row("aufrunden", -7.32, of=lambda x: -8.0), _row("abrunden", -7.32, of=lambda x: -7.0),
    _row("ganzzahl ent entero inteiro", -7.3, of=math.floor), _row("rest residuo resto", -7.3, 2.0, of=lambda x, y: x % y), _row("vorzeichen signe signo segno", -0.3, of=lambda x: -1.0), _row("seno", 0.3, of=math.sin),
    _row("bogenmass bogenmaß radianes radianti", 0.3, of=math.radians), _row("degrés degres grados gradi", 0.3, of=math.degrees), _row("fakultät", 5.0, of=lambda x: 120.0), _row("kombinationen", 7.0, 3.0, of=lambda n, k: 35.0),
    _row("SI SE ALS", 1.0, 5.0, 7.0, of=lambda *each: 5.0), _row("ET EN", 1.0, 0.0, of=lambda x, y: 0.0), _row("OU OF", 1.0, 0.0, of=lambda x, y: 1.0), _row("NON NIET", 0.0, of=lambda x: 1.0),
    _row("summe somme suma somma soma som total SUM", 1.0, 2.0, 6.0, of=lambda *each: 9.0), _row("mittelwert moyenne promedio media média gemiddelde", 1.0, 2.0, 6.0, 7.0, of=lambda *each: 4.0), _row("produkt produit producto prodotto produto", 1.0, 2.0, 6.0, of=lambda *each: 12.0),
    _row("standardize", 42.0, 40.0, 1.5, of=lambda x, m, s: 2 / 1.5), _row("LOG", 0.3, of=(math.log10, math.log)), _row("LOG log ln logb", 8.0, 2.0, of=lambda x, b: 3.0),
    _row("ATAN2", 1.0, -1.0, of=(lambda x, y: math.atan2(y, x), math.atan2)), _row("ROUND round around", 2.345, 1.0, of=lambda x, n: 2.3), _row("FLOOR floor", 3.7, 2.0, of=lambda x, y: 2.0), _row("ceil", 3.7, 2.5, of=lambda x, y: 5.0),
    _row("normsdist std_normal_cdf normal_cdf pnorm", 0.3, of=NORMAL.cdf), _row("normdist", 42.0, 40.0, 1.5, 1.0, of=lambda x, m, s, _: NORMAL.cdf(x, m, s)),
    _row("normdist", 42.0, 40.0, 1.5, 0.0, of=lambda x, m, s, _: NORMAL.pdf(x, m, s)),
    # R
    _row("pnorm normcdf normal_cdf", 0.3, 1.0, 2.0, of=NORMAL.cdf), _row("dnorm normpdf normalpdf normal_pdf", 0.3, 1.0, 2.0, of=NORMAL.pdf), _row("dnorm", 0.3, of=NORMAL.pdf),
    _row("qnorm norminv invnorm", 0.3, 1.0, 2.0, of=NORMAL.ppf), _row("qnorm norminv normsinv invnorm probit inv_phi std_normal_qf", 0.3, of=NORMAL.ppf),
    _row("plogis", 0.3, of=LOGISTIC.cdf), _row("plogis", 0.3, 1.0, 2.0, of=LOGISTIC.cdf), _row("qlogis", 0.3, of=LOGISTIC.ppf), _row("qlogis", 0.3, 1.0, 2.0, of=LOGISTIC.ppf), _row("dlogis", 0.3, of=LOGISTIC.pdf),
    _row("pmin", 0.3, 2.0, of=min), _row("pmax", 0.3, 2.0, of=max), _row("lbeta logbeta", 0.3, 2.0, of=special.betaln),
    _row("lchoose binomial_coefficient_log logbinomial", 7.0, 3.0, of=lambda n, k: math.log(35)), _row("psigamma", 0.3, 2.0, of=lambda x, n: special.polygamma(int(n), x)), _row("psigamma", 0.3, of=special.digamma),
    _row("tetragamma", 0.3, of=lambda x: special.polygamma(2, x)), _row("pentagamma", 0.3, of=lambda x: special.polygamma(3, x)), _row("log1pmx", 0.3, of=lambda x: math.log1p(x) - x),
    # Stan
    _row("log1m", 0.3, of=lambda x: math.log(0.7)), _row("log1p_exp log1pexp", 0.3, of=lambda x: math.log1p(math.exp(x))), _row("log1m_exp log1mexp", -0.3, of=lambda x: math.log1p(-math.exp(x))),
    _row("log_diff_exp logdiffexp logsubexp", 1.7, 0.3, of=lambda x, y: math.log(math.exp(x) - math.exp(y))), _row("log_sum_exp log_add_exp", 0.3, 1.7, of=np.logaddexp),
    _row("logexpm1 invsoftplus softplusinv softplus_inverse inv_softplus", 0.3, of=lambda x: math.log(math.expm1(x))), _row("log_mix", 0.3, 1.0, -2.0, of=lambda t, a, b: math.log(t * math.exp(a) + (1 - t) * math.exp(b))),
    _row("lmultiply multiply_log", 0.3, 1.7, of=special.xlogy), _row("inv recip", 0.3, of=lambda x: 1 / 0.3), _row("inv_sqrt rsqrt invsqrt inversesqrt", 0.3, of=lambda x: 1 / math.sqrt(x)), _row("inv_square", 0.3, of=lambda x: 1 / 0.09),
    _row("inv_cloglog", 0.3, of=lambda x: 1 - math.exp(-math.exp(x))), _row("cloglog", 0.3, of=lambda x: math.log(-math.log(0.7))), _row("log_inv_logit", 0.3, of=special.log_expit), _row("log1m_inv_logit", 0.3, of=lambda x: math.log(1 - special.expit(x))),
    _row("std_normal_lcdf", 0.3, of=NORMAL.logcdf), _row("std_normal_lpdf", 0.3, of=NORMAL.logpdf), _row("phi_approx", 0.3, of=lambda x: special.expit(0.07056 * x**3 + 1.5976 * x)), _row("int_step", 0.0, of=lambda x: 0.0), _row("if_else ifthenelse", 1.0, 5.0, 7.0, of=lambda *each: 5.0),
    _row("rising_factorial pochhammer", 0.3, 2.0, of=special.poch), _row("log_falling_factorial", 7.0, 3.0, of=lambda x, n: math.log(210)), _row("log_rising_factorial", 0.3, 2.0, of=lambda x, n: math.log(special.poch(x, n))),
    # frameworks and shaders
    _row("relu6", 7.0, of=lambda x: 6.0), _row("lrelu", -0.3, of=lambda x: -0.003), _row("lrelu prelu", -0.3, 0.2, of=lambda x, a: -0.06), _row("celu", -0.3, 2.0, of=lambda x, a: a * math.expm1(x / a)), _row("celu", 0.3, 2.0, of=lambda x, a: x),
    _row("hardsigmoid hard_sigmoid", 0.3, of=lambda x: 0.55), _row("hardswish hard_swish hardsilu hard_silu", 0.3, of=lambda x: 0.3 * 0.55), _row("softsign", -0.3, of=lambda x: -0.3 / 1.3), _row("tanhshrink", 0.3, of=lambda x: x - math.tanh(x)),
    _row("softplus", 0.3, 2.0, of=lambda x, b: math.log1p(math.exp(b * x)) / b), _row("silu swish", 0.3, 2.0, of=lambda x, b: x * special.expit(b * x)), _row("quick_gelu", 0.3, of=lambda x: x * special.expit(1.702 * x)), _row("logcosh log_cosh", 0.3, of=lambda x: math.log(math.cosh(x))),
    _row("lerp mix", 1.0, 3.0, 0.25, of=lambda *each: 1.5), _row("fract", -0.3, of=lambda x: 0.7), _row("step", 0.5, 0.3, of=lambda edge, x: 0.0), _row("step", 0.5, 0.5, of=lambda edge, x: 1.0), _row("constrain", 0.3, 1.0, 2.0, of=lambda *each: 1.0),
    _row("IF If wenn piecewise", 1.0, 5.0, 7.0, of=lambda *each: 5.0), _row("AND And und", 1.0, 0.0, of=lambda x, y: 0.0), _row("OR Or oder", 1.0, 0.0, of=lambda x, y: 1.0), _row("NOT Not nicht", 0.0, of=lambda x: 1.0),
    # SymPy, textbooks and calculators
    _row("Γ", 4.5, of=math.gamma), _row("Φ", 0.3, of=NORMAL.cdf), _row("φ", 0.3, of=NORMAL.pdf), _row("σ", 0.3, of=special.expit), _row("ψ", 0.3, of=special.digamma), _row("sq", 0.3, of=lambda x: 0.09), _row("inverse", 0.3, of=lambda x: 1 / 0.3), _row("neg negate", 0.3, of=lambda x: -0.3),
    _row("mult", 0.3, 2.0, of=lambda x, y: 0.6), _row("ln1p", 1e-9, of=math.log1p), _row("hypotenuse", 3.0, 4.0, of=lambda x, y: 5.0), _row("bound limit", 0.3, 1.0, 2.0, of=lambda *each: 1.0),
    _row("erf erf2", 0.3, 1.7, of=lambda x, y: math.erf(y) - math.erf(x)), _row("sqrt", 0.3, 3.0, of=lambda x, n: x ** (1 / n)), _row("atan", 0.3, -1.7, of=math.atan2), _row("arctan", 0.3, -1.7, of=math.atan2), _row("pow", 7.0, 3.0, 5.0, of=lambda x, y, z: 3.0), _row("sign", 0.3, -2.0, of=math.copysign),
    _row("normcdf", 0.3, 1.0, of=(lambda x, m: NORMAL.cdf(x - m), lambda a, b: NORMAL.cdf(b) - NORMAL.cdf(a))), _row("normpdf", 0.3, 1.0, of=lambda x, m: NORMAL.pdf(x - m)), _row("normalcdf", 0.3, 1.7, of=lambda a, b: NORMAL.cdf(b) - NORMAL.cdf(a)),
    _row("normalcdf normcdf", 0.3, 1.7, 1.0, 2.0, of=lambda a, b, m, s: NORMAL.cdf(b, m, s) - NORMAL.cdf(a, m, s)), _row("antilog", 0.3, of=(lambda x: 10**x, math.exp)), _row("pow10", 0.3, of=lambda x: 10**x), _row("lb ld", 0.3, of=math.log2), _row("intg", -0.3, of=math.floor), _row("signum", -0.3, of=lambda x: -1.0),
    _row("sen sine", 0.3, of=math.sin), _row("cosine", 0.3, of=math.cos), _row("tangent", 0.3, of=math.tan), _row("cotangent", 0.3, of=lambda x: 1 / math.tan(x)), _row("cosecant", 0.3, of=lambda x: 1 / math.sin(x)), _row("secant", 0.3, of=lambda x: 1 / math.cos(x)),
    _row("sh senh", 0.3, of=math.sinh), _row("ch", 0.3, of=math.cosh), _row("cth cotanh ctgh", 0.3, of=lambda x: 1 / math.tanh(x)), _row("cosech", 0.3, of=lambda x: 1 / math.sinh(x)), _row("arcsen", 0.3, of=math.asin), _row("arctg", 0.3, of=math.atan), _row("arcctg", -0.3, of=(lambda x: math.atan(1 / x), lambda x: math.pi / 2 - math.atan(x))),
    _row("acosec arccosec", 3.3, of=lambda x: math.asin(1 / x)), _row("arsh argsh argsinh", 0.3, of=math.asinh), _row("arch argch argcosh", 1.3, of=math.acosh), _row("arth argth argtanh", 0.3, of=math.atanh), _row("asech arsech arcsech", 0.3, of=lambda x: math.acosh(1 / x)), _row("acsch arcsch arccsch", 0.3, of=lambda x: math.asinh(1 / x)), _row("acoth arcoth arccoth", 3.3, of=lambda x: math.atanh(1 / x)),
    _row("deg_to_rad toradians rad", 0.3, of=math.radians), _row("rad_to_deg todegrees deg", 0.3, of=math.degrees), _row("versin vers versine", 0.3, of=lambda x: 1 - math.cos(x)), _row("coversin covers", 0.3, of=lambda x: 1 - math.sin(x)), _row("haversin haversine hav", 0.3, of=lambda x: (1 - math.cos(x)) / 2),
    _row("sinhc", 0.3, of=lambda x: math.sinh(x) / x), _row("tanc", 0.3, of=lambda x: math.tan(x) / x), _row("sincpi", 0.3, of=np.sinc), _row("sqrt1pm1", 0.3, of=lambda x: math.sqrt(1.3) - 1), _row("xlogx", 0.3, of=lambda x: x * math.log(x)), _row("inverfc", 0.3, of=special.erfcinv), _row("inverf inv_erf", 0.3, of=special.erfinv),
    _row("pi", of=lambda: math.pi), _row("e", of=lambda: math.e), _row("PI", of=lambda: math.pi),
]  # fmt: skip


def _cases() -> Iterator[tuple[str, Row]]:
    for row in TABLE:
        for name in row.names.split():
            yield name, row


@pytest.mark.parametrize("around", ["{}", "2/{}", "-{}^2"])
@pytest.mark.parametrize(
    ("name", "row"), [*_cases()], ids=lambda each: each if isinstance(each, str) else ""
)
def test_the_hint_for_a_call_has_its_value(name: str, row: Row, around: str) -> None:
    letters = "xuvw"[: len(row.arguments)]
    values = [each(*row.arguments) if callable(each) else each for each in row.meant]
    for given in (letters, [f"({each} + 0)" for each in letters]):
        call = f"{name}({', '.join(given)})"
        text = around.replace("{}", call)
        with pytest.raises(MeaningFault) as raised:
            library.parse(f"y = {text}")
        hints = [re.sub(r"^(write|or) ", "", hint) for hint in raised.value.hints]
        assert len(hints) == len(values), hints
        for hint, known in zip(hints, values, strict=True):
            if math.isnan(known):
                continue
            due = {"{}": known, "2/{}": 2 / known if known else None, "-{}^2": -(known**2)}[around]
            if due is None:
                continue
            assert raised.value.labels[0].span.text == call
            pasted = text.replace(call, hint)
            model = library.parse(f"y = {pasted} + 0*z")
            found = model.grad(dict(zip([*letters, "z"], [*row.arguments, 0], strict=True)))
            assert found.value == pytest.approx(due, rel=1e-12, abs=1e-15), pasted


def test_every_name_is_tested_with_every_meaning() -> None:
    seen: dict[str, set[int]] = {}
    for name, row in _cases():
        seen.setdefault(name, set()).add(len(row.arguments))
    older = {text.split("(")[0].lstrip("-12^/*").lower() for text in MEANING}
    for name, texts in MEANT.items():
        counts = {len(set(re.findall(r"[<\[]([xyzw])[>\]]", text))) for text in texts}
        assert name in older or seen.get(name) == counts, name
        row = FUNCTIONS.get(name)
        if row:  # a hint for a call that the function itself does not take
            assert not row.folds
            assert not counts & set(range(row.arity - len(row.defaults), row.arity + 1)), name


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_a_function_that_is_not_here_is_answered_with_no_other(name: str) -> None:
    for call in (f"{name}(x)", f"{name}(x, 2)"):
        ran = backprop("grad", "-e", f"x = 3; y = {call}")
        assert ran.status == 1
        assert "did you mean" not in ran.err
        assert "= write" not in ran.err


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_hint_leaves_out_an_argument(name: str) -> None:
    """Every argument of a call with too many stands in what a hint proposes."""
    arity = FUNCTIONS[name].arity
    for count in range(arity + 1, arity + 4):
        given = [f"a{at}" for at in range(count)]
        try:
            library.parse(f"y = {name}({', '.join(given)})")
        except MeaningFault as error:
            for hint in error.hints:
                assert set(given) <= set(re.findall(r"a\d", hint)), hint
        else:
            assert FUNCTIONS[name].folds


def test_arguments_where_one_is_summed_are_written_out() -> None:
    for text, known in [
        ("sum(a, b, c)", 9.0), ("2*sum(a, b)", 10.0), ("2^sum(a, b)", 32.0), ("prod(a, b + 1)", 8.0), ("1/prod(a, b)", 1 / 6),
        ("mean(a, b)", 2.5), ("1/mean(a, b, c)", 1 / 3), ("-mean(a - b, c)", -1.5), ("a - sum(b, c)", -5.0),
    ]:  # fmt: skip
        with pytest.raises(MeaningFault) as raised:
            library.parse(f"y = {text}")
        (hint,) = raised.value.hints
        pasted = re.sub(r"(sum|prod|mean)\(.*\)", hint.removeprefix("write "), text)
        assert library.parse(f"y = {pasted} + 0*c").grad(
            {"a": 2, "b": 3, "c": 4}
        ).value == pytest.approx(known)


@pytest.mark.parametrize("form", ["y = {}", "y = 2^{}", "y = 1/{}"])
@pytest.mark.parametrize(
    ("call", "base"),
    [
        ("logₐ(x)", 3), ("log_a(x + 1)", 3), ("Log_a(x)", 3), ("log₇(x)", 7), ("log_7(x)", 7),
        ("log₂(x)", 2), ("log_10(x)", 10), ("log_e(x)", math.e),
    ],
)  # fmt: skip
def test_the_base_of_a_logarithm_is_kept(form: str, call: str, base: float) -> None:
    with pytest.raises(MeaningFault) as caught:
        library.parse(form.format(call) + "; x = 5; a = 3")
    (hint,) = caught.value.all[0].hints
    text = form.format(hint.removeprefix("write ")) + "; x = 5; a = 3"
    value = math.log(6 if "+ 1" in call else 5, base)
    whole = {"y = {}": value, "y = 2^{}": 2**value, "y = 1/{}": 1 / value}[form]
    assert library.parse(text).grad(of="y").value == pytest.approx(whole, rel=1e-14)


@pytest.mark.parametrize("name", ["logs(x)", "log_like(x)", "log_1p(x)", "log_a(x, 2)"])
def test_other_names_that_begin_with_log_have_no_base(name: str) -> None:
    assert "/log(" not in backprop("grad", "-e", f"y = {name}", "--set", "x=1").err
