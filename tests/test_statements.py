"""`const`, bounds, uncertainties and goals: what they say, and what is said of those that are wrong.

Every expectation is arithmetic by hand.
"""

from __future__ import annotations

import pickle
from math import inf, pi

import pytest

import backprop as library
from backprop.errors import BackpropError, NameDefinedTwice
from backprop.language import Model


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ("const g = 9.81; y = g*t", ["g"]),
        ("const g=2*pi;y=g", ["g"]),
        ("const\tg = 2 # why\r\n y = g", ["g"]),
        ("const x, t\ny = x*t*z", ["x", "t"]),
        ("y = x*t*z; const t,\n x", ["x", "t"]),
        ("const x[i] = i^2 for i in 1..3; y = x[2]", ["x[1]", "x[2]", "x[3]"]),
        ("const x[2] = 5; x[1] = 1; y = x[1]*x[2]", ["x[2]"]),
        ("x[1] = 1; x[2] = 2; y = x[1]*x[2]; const x[*]", ["x[1]", "x[2]"]),
        ("x[1] = 1; x[2] = 2; y = x[1]*x[2]; const x", ["x[1]", "x[2]"]),
        ("w[i,j] = 0 for i in 1..2, j in 1..2; const w[*,2]; y = w[1,1]", ["w[1,2]", "w[2,2]"]),
        (
            "w[i] = 0 for i in 1..4; n = 3; const w[2..n], w[n+1]; y = w[1]",
            ["w[2]", "w[3]", "w[4]"],
        ),
        ("x[0] = 1; x[t+1] = 2*x[t] for t in 0..2; const x[*]; y = x[3]", ["x[0]"]),
        ("const w[i] ~ normal(0, 1) for i in 1..2; y = w[1]", ["w[1]", "w[2]"]),
        ("const n = 2; x[i] = i*z for i in 1..n; y = x[1]", ["n"]),
        ("const = 3; y = const*2", []),
        ("const[1] = 3; y = const[1]*2", []),
        ("const x = 3; const = 4; y = const*x", ["x"]),
        ("const const = 3; y = const", ["const"]),
        ("output = 3; y = output; maximize(x) = x; z = maximize(y)", []),
    ],
)
def test_what_is_constant(text: str, constants: list[str]) -> None:
    assert list(library.parse(text).constants) == constants


@pytest.mark.parametrize(
    ("right", "bounds", "uncertainty"),
    [
        ("2 in 0..5", (0, 5), None),
        ("sum(i for i in 1..3) in 0..", (0, inf), None),
        ("max(1, 2) in 0..", (0, inf), None),
        ("2 in 0..", (0, inf), None),
        ("2 in ..5", (-inf, 5), None),
        ("2 in -1/2 .. 2*pi", (-0.5, 2 * pi), None),
        ("2 in -inf..n", (-inf, 3), None),
        ("2 in 1..inf", (1, inf), None),
        ("2 in 2..2", (2, 2), None),
        ("2 in 0.5..2.5", (0.5, 2.5), None),
        ("2 in .5..2.5", (0.5, 2.5), None),
        ("2 in\n 0..5", (0, 5), None),
        ("2 ± 0.1", None, 0.1),
        ("2 +/- 0.1", None, 0.1),
        ("2±\n0.1", None, 0.1),
        ("2 +/− 0.1", None, 0.1),
        ("−2.0(1)e−1", None, 0.01),
        ("-2 ± 5%", None, 0.1),
        ("2 ± 5 %", None, 0.1),
        ("2 ± n/10", None, 0.3),
        ("2 ± 0", None, 0),
        ("2.0(1)", None, 0.1),
        ("6.67430(15)e-11", None, 1.5e-15),
        ("-1.602(15)E+2", None, 1.5),
        (".5(12)", None, 1.2),
        ("2 ± 0.1 in 0..5 # so", (0, 5), 0.1),
        ("2.0(1) in 0..", (0, inf), 0.1),
    ],
)  # fmt: skip
def test_bounds_and_uncertainties(
    right: str, bounds: tuple[float, float] | None, uncertainty: float | None
) -> None:
    model = library.parse(f"const n = 3\na = {right}\nb = 7\ny = a*b*n")
    assert model.bounds.get("a") == bounds
    assert model.uncertainties.get("a") == uncertainty
    assert list(model.names) == ["n", "a", "b", "y"]
    assert model.default("b") == 7


def test_the_value_of_a_number_with_an_uncertainty_in_brackets() -> None:
    model = library.parse("a = -6.67430(15)e-11 in ..0\ny = a")
    assert model.grad().value == -6.6743e-11


def test_bounds_of_members() -> None:
    model = library.parse("w[i] = 0 ± i/10 in -i..i for i in 1..2\ny = w[1] + w[2]")
    assert model.bounds == {"w[1]": (-1, 1), "w[2]": (-2, 2)}
    assert model.uncertainties == {"w[1]": 0.1, "w[2]": 0.2}


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("minimize L; L = x^2; M = 2*x", "minimize", "L"),
        ("L = x^2; M = 2*x\nmaximize M # up", "maximize", "M"),
        ("L = x^2; output x", "output", "x"),
        ("n = 2; L[i] = x*i for i in 1..n; minimize L[n]", "minimize", "L[2]"),
    ],
)
def test_goals(text: str, kind: str, name: str) -> None:
    model = library.parse(text)
    assert model.goal == (kind, name)
    assert model.output() == name
    assert model.output("x") == "x"


@pytest.mark.parametrize(
    "text",
    [
        "n = 3; y = sum(i for i in 1..n)",
        "n = 3; y = 2 in 0..n",
        "y[1] = 2; n = 1; z[n] = 3; y[2] = 1",
        "y = 2 in 0..x[1]; x[1] = 2*n; n = 3",
    ],
)
def test_what_ranges_and_bounds_use_is_no_output(text: str) -> None:
    assert "n" not in library.parse(text).outputs


@pytest.mark.parametrize(
    ("text", "value"),
    [("y = 2 + -0.1", 1.9), ("a = 2 -+ 0.1; y = a", 1.9), ("y = 2 +-0.1*x; x = 1", 1.9), ("y = x +- 0.1; x = 2", 1.9), ("y = (2 +- 0.1)", 1.9), ("y = a + 2 = -3 +- 2 = -5; a = -7", -5)],
)  # fmt: skip
def test_two_signs_that_are_arithmetic(text: str, value: float) -> None:
    assert library.parse(text).grad(of="y").value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("const f(x) = x^2; y = f(2)", ["a function is no constant"]),
        ("f(x) = 2x; y = f(2) + f(3)", ["a product needs its '*'"]),
        ("f(x) = 2x; y = f(2) + g(3)", ["a product needs its '*'", "there is no function 'g'"]),
        ("y = max(x; y)", ["this '(' is never closed"]),
        ("y = max(x; y; 2) + 3; z = 2x", ["this '(' is never closed", "a product needs its '*'"]),
        ("y = w[1; 2]\nz)", ["this '[' is never closed", "this ')' closes nothing"]),
    ],
)
def test_one_error_for_one_mistake(text: str, errors: list[str]) -> None:
    with pytest.raises(BackpropError) as caught:
        library.parse(text)
    assert [each.message for each in caught.value.all] == errors


@pytest.mark.parametrize(
    ("text", "bounds", "fixed"),
    [
        ("a = 2 in 0..x[1]; const x[1] = 5; y = a", (0, 5), {"x[1]"}),
        ("x[1] = 1; x[2] = 7; n = 2; a = 3 in x[1]..2*x[n]; y = a", (1, 14), {"x[1]", "x[2]", "n"}),
        ("a = 1 in -x[1,2]..max(x[1,2], k); x[1,j] = k + j for j in 1..2; k = 1; y = a", (-3, 3), {"k", "x[1,2]"}),
        ("x[i] = 1 in 0..w[i] for i in 1..2; w[i] = 4 for i in 1..2; y = x[1]", (0, 4), {"w[1]", "w[2]"}),
        ("y = a; a = 2 ± u[1] in ..x[1]; u[1] = 0.5; x[1] = 9", (float("-inf"), 9), {"u[1]", "x[1]"}),
    ],
)  # fmt: skip
def test_members_that_are_constants_limit(
    text: str, bounds: tuple[float, float], fixed: set[str]
) -> None:
    model = library.parse(text)
    name = "a" if "a" in model.names else "x[2]"
    assert model.bounds[name] == bounds
    assert fixed <= {*model.fixed}
    assert model.uncertainties == ({"a": 0.5} if "±" in text else {})
    with pytest.raises(BackpropError, match="is in an index, a range, a draw, bounds"):
        model.grad({min(fixed): 1}, of=name)


def test_a_number_outside_of_bounds_by_members_is_told() -> None:
    with pytest.raises(BackpropError, match=r"a = 7 lies outside its bounds 0\.\.5"):
        library.parse("a = 7 in 0..x[1]; const x[1] = 5; y = a")


def _same(again: Model, model: Model) -> bool:
    names = ("constants", "bounds", "uncertainties", "goal")
    return all(getattr(again, name) == getattr(model, name) for name in names)


@pytest.mark.parametrize("long", ["", "u = v*2\n" + "".join(f"v{k} = v*{k}\n" for k in range(300))])
def test_what_a_file_says_is_kept_through_pickling(long: str) -> None:
    model = library.parse(f"{long}const g = 2\nt = 2.0(1) in 0..5\ns = g*t\nminimize s\n")
    again = pickle.loads(pickle.dumps(model))
    assert _same(again, model)
    assert again.goal.name == "s"
    assert again.grad().value == 4


@pytest.mark.parametrize(
    ("text", "place", "says", "hint"),
    [
        ("minimize x^2", "x^2", "no expression", "L = x^2; minimize L"),
        ("L = 2*x\nminimize x + L", "x + L", "no expression", "loss = x + L; minimize loss"),
        ("maximize (x - 1)^2", "(x - 1)^2", "no expression", "L = (x - 1)^2; maximize L"),
        ("minimize L = x^2", "L = x^2", "no equation", "L = x^2; minimize L"),
        ("L = x; M = x\nminimize L, M", ",", "one output", "loss = L + M; minimize loss"),
        ("L = x; M = 2*x; minimize L; output M", "output M", "second output", "--of"),
        ("L = x; minimize M", "M", "no 'M'", "the names are"),
        ("L[1] = x; L[2] = 2*x; minimize L", "L", "2 members", "L[1]"),
        ("minimise L; L = x", "minimise", "no word", "minimize L"),
        ("output y z; y = x; z = x", "z", "one output", "L = y + z; output L"),
        ("const a = 2, b = 3; y = a*b", ",", "ends its statement", "write ; const"),
        ("const (a, b); y = a*b", "(a, b)", "names, families and members", "const g, w[*]"),
        ("const a,; y = a*b", "a,", "names, families and members", "const g, w[*]"),
        ("const *; y = a*b", "*", "names, families and members", "const g, w[*]"),
        ("const 3; y = a*b", "3", "names, families and members", "const g, w[*]"),
        ("const g = 1; const g = 2; y = g", "g", "defined twice", "one equation"),
        ("const g = 1; const g; y = g", "g", "const already", "remove"),
        ("const g, g; y = g", "g", "const already", "remove"),
        ("y = 2*x; const y", "y", "its equation", "only inputs"),
        ("const y = 2*x", "const", "computed from other names", "leave const out"),
        ("const z; y = 2*x", "z", "no 'z'", "the names are"),
        ("const f(x) = x; y = f(2)", "const", "no constant", "leave const out"),
        ("const g 9.81; y = g", "9.81", "'=' is missing", "const g = 9.81"),
        ("const x y; z = x*y", "x y", "comma", "x, y"),
        ("const for = 3", "for", "reserved", "another name"),
        ("a = 7 in 0..5; y = a", "7", "outside its bounds 0..5", "within them"),
        ("a = 2*pi in 0..5; y = a", "2*pi", "a = 6.283185307 lies", "within them"),
        ("a = 2 in 5..0; y = a", "in 5..0", "wrong way round", "in 0..5"),
        ("a = 2 in b..5; y = a", "b", "no constant expression", "numbers"),
        ("a = 2 in 0...5; y = a", "in 0...5", "three points", "0..0.5"),
        ("a = 2 in 0..1/0; y = a", "1/0", "a bound has no value", "numbers"),
        ("a = 2 in x[1]..5; y = a; x[2] = 1", "x[1]", "no constant expression", "numbers"),
        ("a = 2 in 0..x[1.5]; y = a; x[1] = 5", "x[1.5]", "no constant expression", "numbers"),
        ("a = 2 in 0..x[1]; y = a; x[1] = z", "x[1]", "no constant expression", "numbers"),
        ("a = 2 in 0..x[1]; y = a; x[1] = a", "x[1]", "no constant expression", "numbers"),
        ("x[i] = 2 in 0..x[i] for i in 1..2", "x[i]", "no constant expression", "numbers"),
        ("a = 2 ± u[1]; y = a", "u[1]", "no constant expression", "numbers"),
        ("a = 2 in inf..; y = a", "in inf..", "no number is within", "infinite"),
        ("a = 2 in [0, 5]; y = a", "[0, 5]", "no brackets", "in 0..5"),
        ("a = 2 in (0..5); y = a", "(0..5)", "no brackets", "in 0..5"),
        ("a in [0, 5] = 2; y = a", "in [0, 5]", "behind the value", "a = 2 in 0..5"),
        ("a = 2 in 0..2*a; y = a", "a", "cannot depend on it", "a number"),
        ("m = 2*a; a = 1 in 0..m; y = a", "m", "cannot depend on it", "a number"),
        ("f(u) = 2*u; n = m; m = f(a); a = 1 ± n; y = a", "n", "cannot depend on it", "a number"),
        ("const x[i] for i in 1..3; y = x[1]", "for i in 1..3", "no range", "const x[*]"),
        ("a = 2 in 5; y = a", "in 5", "'..'", "in 5.. for at least"),
        ("y = a; a = 2 in", "in", "'..'", "in 0.."),
        ("x[i] = uniform(0,1) in; y = 2", "in", "'..'", "in 0.."),
        ("[0,1] % 2.0(1)", "[0,1] %", "per cent", "100"),
        ("y = 2*x; 0 <= x <= sqrt(2)", "0 <= x <= sqrt(2)", "no equation", "x = … in 0..sqrt(2)"),
        ("x = 2, 0 <= x <= 5; y = x", "x = 2, 0 <= x <= 5", "behind the value", "x = 2 in 0..5"),
        ("w[i] = 2, w[i] > 0 for i in 1..3", "w[i] = 2, w[i] > 0 for i in 1..3", "behind the value", "write w[i] = 2 in 0.. for i in 1..3"),
        ("a ~ normal(0, 1) ± 1; y = a", "±", "no uncertainty besides", "normal(mean, sd)"),
        ("a = 200 ± 5% in 0..5%; y = a", "5%", "per cents", "write (5/100)"),
        ("L = a; P = a; minimize L minimize P", "minimize P", "side by side", "';'"),
        ("L = a; minimize L subject to a > 0", "subject to a > 0", "no constraints", "x = 1 in 0..5"),
        ("L = a^2 s.t. a > 0", "s.t.", "no constraints", "x = 1 in 0..5"),
        ("minimize cost: (x-1)^2; x = 2", "minimize cost: (x-1)^2", "a name alone", "write cost = (x-1)^2; minimize cost"),
        ("subject to c1: x >= 0; y = x", "subject to", "no constraints", "x = 1 in 0..5"),
        ("a = 2 in [0..5]; y = a", "[0..5]", "no brackets", "in 0..5"),
        ("a = 2 ∈ [0, 5]; y = a", "∈", "written 'in'", "write in"),
        ("a = 2 in 0 to 5; y = a", "in 0 to 5", "'..'", "write in 0..5"),
        ("a = 2 in 0-5; y = a", "in 0-5", "'..'", "for both ends write in 0..5"),
        ("a = (2.0 ± 0.1)·10³; y = a", "(2.0 ± 0.1)·10³", "whole value", "write 2.0e3 ± 0.1e3"),
        ("a = 2.00 (15); y = a", "2.00 (15)", "in brackets", "2.00(15)"),
        ("a ~ normal(0, sd=1); y = a", "sd=", "no names", "in their order"),
        ("y = f(x=2); f(x) = x^2", "x=", "no names", "in their order"),
        ("float x = 2; y = x", "float", "no word 'float'", "write x = 2"),
        ("y = k'0 + 1", "k'0", "before the primes", "for a name write k0'"),
        ("y = 2e3.5", "2e3.5", "no number", "write 2*10^3.5"),
        ("y = 1.2.3", "1.2.3", "no number", "once"),
        ("a = 2 in ..; y = a", "in ..", "need an end", "in 0.."),
        ("a in 0..5; y = a", "in 0..5", "no value", "a = … in 0..5"),
        ("y = 2*x in 0..5", "in 0..5", "only an input has bounds", "inputs"),
        ("f(x) = x in 0..5; y = f(2)", "in", "only an input", "leave them out"),
        ("w[i] = 1 for i in 1..3 in 0..1; y = w[1]", "in", "before 'for'", "for"),
        ("a = 2 in 0..5 ± 1; y = a", "±", "before the bounds", "± uncertainty in"),
        ("w[i] = i in 0..1 for i in 1..3; y = w[1]", "i", "in w[2] (i = 2): w[2] = 2 lies", "within"),
        ("w[i] ~ uniform(4, 5) in 0..1 for i in 1..2; y = w[1]", "uniform(4, 5)", "as drawn", "--seed"),
        ("a = 2 ± (1+4)%; y = a", "%", "right behind the number", "± 5%"),
        ("a = 5%; y = a", "5%", "per cent", "5/100"),
        ("a = 2 ± -1; y = a", "± -1", "no uncertainty", "0 or more"),
        ("y = -p ± sqrt(q)", "± sqrt(q)", "only an input", "two equations"),
        ("y = (x ± 1)*2", "±", "whole value", "two equations"),
        ("a = 2(3); y = a", "2(3)", "in brackets", "2 ± 3"),
        ("y = 2.0(1)*x", "2.0(1)", "whole value", "2.0*1"),
        ("a = 2 +- 0.1; y = a", "2 +- 0.1", "'+-' could mean two things", "write 2 ± 0.1 for a sum write 2 + (-0.1)"),
        ("a = -2.5 +- 1e-3 in -5..0; y = a", "-2.5 +- 1e-3", "'+-' could mean two things", "write -2.5 ± 1e-3"),
        ("w[i] = 2+-0.1 for i in 1..2; y = w[1]", "2+-0.1", "'+-' could mean two things", "write 2 ± 0.1"),
        ("const g = 9.8 +− 0.1; y = g", "9.8 +− 0.1", "two things", "write 9.8 ± 0.1"),
        ("y =  (2 ± 0.1)", "(2 ± 0.1)", "behind the whole value", "write 2 ± 0.1"),
        ("y = 3*(2 ± 0.1)", "(2 ± 0.1)", "behind the whole value", "c = 2 ± 0.1"),
        ("y = x + (2 ± 0.1)*10^3; x = 1", "(2 ± 0.1)*10^3", "behind the whole value", "c = 2e3 ± 0.1e3"),
        ("x ← 2; y = x^2", "←", "defines nothing here", 'to --set: --set "x ← 2"'),
        ("x ← 3 − 0.1·2 = 2.8; y = x^2", "←", "defines nothing here", '--set "x ← 3 − 0.1·2 = 2.8"'),
        ("x ← 2 ← 3; y = x", "←", "no meaning", "write ="),
        ("y = 5% - 2", "5%", "no per cents", "write (5/100)"),
        ("y = x - 5% + 2", "5%", "no per cents", "write (5/100)"),
        ("y = 5 % - 2", "5 %", "two things", "a remainder mod(5, - 2)"),
        ("y = 5%-2", "5%-2", "two things", "mod(5, -2)"),
        ("y = sum(x[i] for і in 1..3); x[1] = 1", "i", "no integer constant", "it has LATIN SMALL LETTER I, and what runs has CYRILLIC"),
        ("x[і] = 2*x[i] for і in 1..3", "i", "no integer constant", "CYRILLIC"),
        ("y = 2*uniform(0, 1)", "uniform", "no function", "u ~ uniform(low, high)"),
        ("y = 2*normal(x)", "normal", "no function", "u ~ normal(mean, sd)"),
        ("y = sum(x[*])", "x[*]", "has no members", "x[1] = 2"),
        ("x[*] = 2; y = x[1]", "*", "one member", "for i in"),
    ],
)  # fmt: skip
def test_what_is_said_of_mistakes(text: str, place: str, says: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        library.parse(text)
    error = caught.value
    assert error.labels[0].span.text == place
    assert says in error.message
    assert hint in " ".join(error.hints)


@pytest.mark.parametrize("text", ["A ~ normal(mu, 1); y = A", "B ~ uniform(low, 1); y = B"])
def test_what_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(
        BackpropError, match="of the language, but this version does not compute it yet"
    ):
        library.parse(text)


def test_functions_of_the_file_may_have_names_that_are_refused() -> None:
    assert library.parse("norm(x) = 2*x; y = norm(3)").grad().value == 6


def test_both_places_of_two_goals() -> None:
    with pytest.raises(NameDefinedTwice) as caught:
        library.parse("L = x\nminimize L\nmaximize L")
    assert [label.span.text for label in caught.value.labels] == ["maximize L", "minimize L"]
