"""What people also write: other names are read, and what a hint proposes can be pasted."""

from __future__ import annotations

import math
import re

import mpmath
import pytest

import backprop as library
from backprop.errors import UnknownFunction
from backprop.meanings import MEANT
from backprop.operations import FUNCTIONS
from backprop.synonyms import ALIASES
from running import backprop

KNOWN = {
    "ln(x)": math.log(0.3),
    "arcsin(x)": math.asin(0.3),
    "arccos(x)": math.acos(0.3),
    "arctan(x)": math.atan(0.3),
    "arctan2(x, 2)": math.atan2(0.3, 2),
    "arcsinh(x)": math.asinh(0.3),
    "arsinh(x)": math.asinh(0.3),
    "arccosh(x + 1)": math.acosh(1.3),
    "arcosh(x + 1)": math.acosh(1.3),
    "arctanh(x)": math.atanh(0.3),
    "artanh(x)": math.atanh(0.3),
    "sgn(x)": 1.0,
    "fabs(-x)": 0.3,
    "tgamma(x)": math.gamma(0.3),
    "expit(x)": 1 / (1 + math.exp(-0.3)),
    "logistic(x)": 1 / (1 + math.exp(-0.3)),
    "swish(x)": 0.3 / (1 + math.exp(-0.3)),
    "logaddexp(x, 1)": math.log(math.exp(0.3) + math.exp(1)),
    "pow(x, 2)": 0.09,
}


def value(text: str) -> float:
    return library.parse(f"y = {text} + 0*x").grad({"x": 0.3}).value


@pytest.mark.parametrize("text", KNOWN)
def test_other_names_are_read_as_their_function(text: str) -> None:
    assert value(text) == pytest.approx(KNOWN[text], rel=1e-14)
    name = text.partition("(")[0]
    own = library.parse(f"{name}(u) = 7*u; y = {name}(x)")
    assert own.grad({"x": 0.3}).gradients["x"] == 7  # the file's own function wins


def test_every_other_name_is_tested_and_means_one_thing() -> None:
    assert {text.partition("(")[0] for text in KNOWN} == set(ALIASES)


def test_other_names_are_functions_of_the_library() -> None:
    assert library.ln(library.Value(2)).data == math.log(2)
    assert library.Value(0.5).arcsin().data == math.asin(0.5)
    assert library.logaddexp(1, 2).data == library.logsumexp(1, 2).data


MEANING = {
    "lg(x)": (math.log10(0.3), math.log2(0.3)),
    "psi(x)": (float(mpmath.digamma(0.3)),),
    "psi(2, x)": (float(mpmath.psi(2, 0.3)),),
    "trigamma(x)": (float(mpmath.psi(1, 0.3)),),
    "gammaln(x)": (math.lgamma(0.3),),
    "lngamma(x)": (math.lgamma(0.3),),
    "loggamma(x)": (math.lgamma(0.3),),
    "where(x > 1, 5, x)": (0.3,),
    "ifelse(x < 1, 5, x)": (5,),
    "iif(x < 1 and x > 0, 5, x)": (5,),
    "heaviside(x - 0.3)": (1, 0, 0.5),
    "heaviside(x - 0.3, 7)": (7,),
    "2*heaviside(x)": (2, 2, 2),
    "step(x)": (1,),
    "square(x)": (0.09,),
    "square(x)^2": (0.0081,),
    "2^square(x)": (2**0.09,),
    "-square(x - 1)": (-0.49,),
    "1/sqr(x)": (1 / 0.09, 1 / math.sqrt(0.3)),
    "sqr(-2)": (4, None),
    "cube(x + 1)": (2.197,),
    "2/exp10(x)": (2 / 10**0.3,),
    "int(x - 2.5)": (-3, -2, -2),
    "trunc(x - 2.5)": (-2,),
    "frac(x + 7)": (0.3,),
    "fmod(-7, 3)": (-1,),
    "2/logit(x)": (2 / math.log(0.3 / 0.7),),
    "logit(x + x)": (math.log(0.6 / 0.4),),
    "clip(x, 1, 2)": (1,),
    "power(x + 1, x)": (1.3**0.3,),
    "ceiling(x)": (1,),
    "tg(x)": (math.tan(0.3),),
    "ctg(x)": (1 / math.tan(0.3),),
    "cotan(x)": (1 / math.tan(0.3),),
    "cotg(x)": (1 / math.tan(0.3),),
    "cosec(x)": (1 / math.sin(0.3),),
    "2^csch(x)": (2 ** (1 / math.sinh(0.3)),),
    "coth(x)*x": (0.3 / math.tanh(0.3),),
    "acot(x)": (math.atan(1 / 0.3), math.pi / 2 - math.atan(0.3)),
    "arccot(-x)": (-math.atan(1 / 0.3), math.pi / 2 + math.atan(0.3)),
    "asec(x + 3)": (math.acos(1 / 3.3),),
    "arcsec(x + 3)": (math.acos(1 / 3.3),),
    "acsc(x + 3)": (math.asin(1 / 3.3),),
    "arccsc(x + 3)": (math.asin(1 / 3.3),),
    "Phi(x)": (float(mpmath.ncdf(0.3)), float(mpmath.npdf(0.3))),
    "ndtr(x)": (float(mpmath.ncdf(0.3)),),
}
"""A call of a function that there is not, and what the hints make of the whole text at x = 0.3."""


@pytest.mark.parametrize("text", MEANING)
def test_what_a_hint_proposes_can_be_pasted(text: str) -> None:
    """Put in the place of the call, followed to the letter, it has the value that is meant."""
    with pytest.raises(UnknownFunction) as raised:
        library.parse(f"y = {text}")
    proposed = [re.sub(r"^(write|or) ", "", hint) for hint in raised.value.hints]
    call = re.search(r"[A-Za-z]\w*\(([^()]|\([^()]*\))*\)", text)
    assert call
    for meant, known in zip(proposed, MEANING[text], strict=True):
        pasted = text[: call.start()] + meant + text[call.end() :]
        if known is None:
            continue
        assert value(pasted) == pytest.approx(known, rel=1e-14), pasted


def test_a_call_with_other_arguments_gets_a_hint_all_the_same() -> None:
    assert "write if(x, y, z)" in backprop("grad", "-e", "y = where(a)", "--set", "a=1").err
    long = "+".join(["a"] * 50)
    assert "write log(x/(1 - x))\n" in backprop("grad", "-e", f"y = logit({long})").err


def test_the_file_s_own_functions_win() -> None:
    for name in {*MEANT, "count"} - {*FUNCTIONS}:
        assert library.parse(f"{name}(u) = 3*u; y = {name}(x)").grad({"x": 1}).value == 3


def test_count_is_of_the_rows_of_data() -> None:
    said = {
        "count(a)": "counts the rows of data, and there is no data",
        "count(a, b)": "count takes 1 argument, not 2",
        "count(a*i for i in 1..3)": "'count' gathers nothing",
    }
    for call, message in said.items():
        ran = backprop("grad", "-e", f"y = {call}", "--set", "a=1")
        assert ran.status == 1
        assert message in ran.err
