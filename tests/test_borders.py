"""Notes where a gradient is that of one side: borders of choices, ties, corners and jumps.

Every number here is a slope worked out by hand on the other side of the border.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from math import cos, e, log, pi
from pathlib import Path

import pytest

import backprop as library
from backprop.errors import AtBorder
from backprop.evaluation import looks
from running import backprop

# the equations, where, the name in the note, its gradient, and what is said of the other side
NOTED = [
    # two borders, of which the first has nothing to say of b
    ("y = if(exp2(a) < 1, 3*b, hypot(a, b))", "a=0, b=0", "b", 0, "from the left -1, from the right 1"),
    ("y = if(x == 0, 0, x*log(z))", "x=0, z=23.1", "x", 0, f"from the other side {log(23.1):.10g}"),
    ("y = if(x != 0, 5*x, x)", "x=0", "x", 1, "from the other side 5"),
    ("y = if(x < 1, x^2, 3*x - 2)", "x=1", "x", 3, "from the other side 2"),
    ("y = if(x <= 1, x^2, 3*x - 2)", "x=1", "x", 2, "from the other side 3"),
    ("y = if(x > 1, x^2, 3*x)", "x=1", "x", 3, "from the other side 2, after a jump"),
    ("y = if(x >= 1, x^2, 1)", "x=1", "x", 2, "from the other side 0"),
    ("y = if(x^2 < z + 3, sin(x), x*z)", "x=2, z=1", "x", 1, f"from the other side {cos(2):.10g}, after a jump"),
    ("y = if(x > 0 and z > 0, x*z, 0)", "x=0, z=2", "x", 0, "from the other side 2"),
    ("y = if(x > 0 or z > 0, x*z, 7*x)", "x=0, z=-1", "x", 7, "from the other side -1"),
    ("y = if(not (x > 0), 2*x, 5*x)", "x=0", "x", 2, "from the other side 5"),
    ("y = if(x, 5*x, 2*x)", "x=0", "x", 2, "on both sides 5"),
    ("y = if(x and z, 5*x, 2*x)", "x=0, z=1", "x", 2, "on both sides 5"),
    ("y = (x > 0)*x*3 + x", "x=0", "x", 1, "from the other side 4"),
    ("y = x*(x == 2)", "x=2", "x", 1, "from the other side 0, after a jump"),
    ("y = max(x, 3*z)", "x=6, z=2", "x", 1, "from the other side 0"),
    ("y = min(3*z, x)", "x=6, z=2", "z", 3, "from the other side 0"),
    ("y = max(0, x)", "x=0", "x", 0, "from the other side 1"),
    ("y = max(x[i] for i in 1..3)", "x=5", "x[1]", 1, "from the other side 0"),
    ("y = max(1, 2, x)", "x=2", "x", 0, "from the other side 1"),
    ("y = abs(x - 2)*4", "x=2", "x", 0, "from the left -4, from the right 4"),
    ("y = abs(x)", "x=-0.0", "x", 0, "from the left -1, from the right 1"),
    ("y = relu(w*x + b)", "w=2, x=3, b=-6", "w", 0, "from the other side 3"),
    ("y = relu(x) - relu(-x)", "x=0", "x", 0, "on both sides 1"),
    ("y = leaky_relu(x)", "x=0", "x", 0.01, "from the other side 1"),
    ("y = hypot(x, 2*x)*z", "x=0, z=2", "x", 0, f"from the left {-2 * 5**0.5:.10g}, from the right {2 * 5**0.5:.10g}"),
    ("y = sign(x)", "x=0", "x", 0, "on both sides the value jumps"),
    ("y = floor(x) + x", "x=2", "x", 1, "from the other side the value jumps"),
    ("y = ceil(x)*x", "x=2", "x", 2, "from the other side 3, after a jump"),
    ("y = round(x)", "x=2.5", "x", 0, "from the other side the value jumps"),
    ("y = (floor(x) - 2)^2", "x=2", "x", 0, "from the other side the value jumps"),
    ("y = if(x == 0, 0, cbrt(x))", "x=0", "x", 0, "from the other side inf"),
    ("y = if(x > 0, 1/x, 0)", "x=0", "x", 0, "from the other side the value has no finite limit"),
    ("y = if(x > 0, log(x), 0)", "x=0", "x", 0, "from the other side the value has no finite limit"),
    ("y = log(1 - mod(x, 1))", "x=3", "x", -1, "from the other side the value has no finite limit"),
    ("y = 1/(2 - mod(x, 2))", "x=40", "x", 0.25, "from the other side the value has no finite limit"),
    ("y = if(x == 0, 0, x*log(x))", "x=0", "x", 0, "from the other side there is no clear slope"),
    ("f(t) = if(t < 0, exp(t), 1 + 2*t); y = 3*f(x - 1)", "x=1", "x", 6, "from the other side 3"),
    ("u = x - 1; v = abs(u); y = exp(v)*z", f"x=1, z={pi}", "x", 0,
     f"from the left {-pi:.10g}, from the right {pi:.10g}"),
    ("y = (if(z >= 0, 0, 1))*abs(z) + z", "z=0", "z", 1, "from the other side 0"),
    ("v = b - b; y = abs(v) + b", "b=0", "v", 0, "from the left -1, from the right 1"),
    ("u = x^3; y = abs(u)", "x=0", "u", 0, "from the left -1, from the right 1"),
    ("y = if(x >= z, floor(x + 0.5), sign(z))", "x=0, z=0", "z", 0, "from the other side the value jumps"),
    # sides that differ by little
    ("y = max(x, 1.0000000001*x)", "x=0", "x", 1, "from the other side 1.0000000001"),
    ("y = x + 1e-12*abs(x)", "x=0", "x", 1, "from the left 0.999999999999, from the right 1.000000000001"),
    ("y = x + 1e-11*relu(x - 1)", "x=1", "x", 1, "from the other side 1.00000000001"),
    ("y = if(x == 0, x, 1.0000000001*x)", "x=0", "x", 1, "from the other side 1.0000000001"),
    # what holds at this point alone: the value beside it, by hand
    ("y = if(x == 0, 0, sin(x)/x)", "x=0", "x", 0, "on both sides y is 1"),
    ("y = if(x == 1, 3, 5)", "x=1", "x", 0, "on both sides y is 5"),
    ("y = x == 1", "x=1", "x", 0, "on both sides y is 0"),
    ("y = x != 1", "x=1", "x", 0, "on both sides y is 1"),
    ("u = x == 1; y = 3*u", "x=1", "x", 0, "on both sides y is 0"),
    ("y = exp(x == 1)", "x=1", "x", 0, "on both sides y is 1"),
    ("y = max(x == 1, 0)", "x=1", "x", 0, "on both sides y is 0"),
    ("y = if(x == 1, 3, 5) + z", "x=1, z=2", "x", 0, "on both sides y is 7"),
    ("y = if(x^2 == z, 3, 5)", "x=2, z=4", "x", 0, "on both sides y is 5"),
    ("y = if(x, 3, 5)", "x=0", "x", 0, "on both sides y is 3"),
    ("y = not x", "x=0", "x", 0, "on both sides y is 0"),
    ("y = if(x == 0, 1, x^2)", "x=0", "x", 0, "on both sides y is 0"),
    ("y = if(x == 0, 1e300, 1)", "x=0", "x", 0, "on both sides y is 1"),
    ("y = if(x == 0, 1, 1 + 1e-15)", "x=0", "x", 0, "on both sides y is 1.000000000000001"),
    ("y = if(x == 0, 0, abs(x)/x)", "x=0", "x", 0, "from the left y is -1, from the right y is 1"),
    ("y = if(x == 0, 5, sqrt(x)^3)", "x=0", "x", 0, "from the other side y is 0"),
    # slopes beyond doubles, and values that no double has beside the point
    ("y = abs((u/1e-300)/1e-300)", "u=0", "u", 0, "from the left beyond -1.8e308, from the right beyond 1.8e308"),
    ("y = abs(((u*1e300)*1e300)*1e300)", "u=0", "u", 0,
     "from the left beyond -1.8e308, from the right beyond 1.8e308"),
    ("y = hypot(c, (c*1e250)/1e-250)", "c=0", "c", 0,
     "from the left beyond -1.8e308, from the right beyond 1.8e308"),
    ("u = (b*1e250)*1e250; y = if(u >= 1, u, abs(b))", "b=-0.0", "b", 0,
     "from the left -1, from the right beyond 1.8e308"),
    ("y = if(x == 0, 3*x, sqrt(-x^2))", "x=0", "x", 3, "on both sides there is no value"),
    # slopes that only doubles' own range makes small
    ("y = (abs(b) - 1e-300)^2", "b=0", "b", 0, "from the left 2e-300, from the right -2e-300"),
    ("y = 1 + abs(b)*1e-300", "b=0", "b", 0, "from the left -1e-300, from the right 1e-300"),
    ("y = 1e-200*max(1, 2*b)", "b=0.5", "b", 0, "from the other side 2e-200"),
    ("u = a^2; y = abs(u/1e-300*1e-300*1e-300)", "a=0", "u", 0, "from the left -1e-300, from the right 1e-300"),
    # a name behind a jump has a gradient of its own
    ("u = round(a); y = hypot(u, u)", "a=0", "u", 0, f"from the left {-2**0.5:.10g}, from the right {2**0.5:.10g}"),
    ("u = round(a); y = hypot(u, -u)", "a=0.2", "u", 0, f"from the left {-2**0.5:.10g}, from the right {2**0.5:.10g}"),
    ("u = floor(0*a); y = relu(u)", "a=0", "u", 0, "from the other side 1"),
    ("v = 0*ceil(b); y = 3*abs(v)", "b=0", "v", 0, "from the left -3, from the right 3"),
    ("n = floor(x); y = if(n == 2, n^2, 3*n)", "x=2.3", "n", 4, "from the other side 3, after a jump"),
    # a name for x that moves alone
    ("y0 = x; y = if(y0 != x, y0, x)", "x=3", "y0", 0, "from the other side 1"),
    ("y0 = x; y = if(y0 == x, 2*x, y0 + x)", "x=3", "y0", 0, "from the other side 1"),
    ("u = 2*x; y = if(u > 2*x, 5*u, 10*x)", "x=3", "u", 0, "from the other side 5"),
    # equal as rounded, which is 1 - 1e-160 beside 1, or 1e-400 beside 0
    ("y = min(a, abs(b - a))", "a=1, b=1e-160", "b", 0, "with more digits on both sides -1"),
    ("y = if(a*a == 0, a, 3*a)", "a=1e-200", "a", 1, "with more digits on both sides 3"),
    ("y = if(a*a, a, 3*a)", "a=1e-200", "a", 3, "with more digits on both sides 1"),
    ("y = if(1 + k <= 1, 2*k, 7*k)", "k=1e-20", "k", 2, "with more digits on both sides 7"),
    ("y = max(1, 10*x)", "x=0.1", "x", 0, "with more digits on both sides 10"),
    ("y = 5*relu((1 + a) - 1)", "a=1e-300", "a", 0, "with more digits on both sides 5"),
    ("w = floor(1 - abs(a)); y = min(1, w)", "a=-5e-324", "w", 0, "with more digits on both sides 1"),
    # a choice that rounding decides, for a gradient by what does not lead to it
    ("y = sign(erfc(z))*x", "x=2, z=40", "x", 0, "with more digits on both sides 1"),
    ("y = x*ceil(exp(-z))", "x=2, z=800", "x", 0, "with more digits on both sides 1"),
    ("y = x*(exp(-z) > 0)", "x=2, z=800", "x", 0, "with more digits on both sides 1"),
    ("y = x*if(exp(-z) > 0, 1, 0)", "x=2, z=800", "x", 0, "with more digits on both sides 1"),
    ("y = x*if(exp(-z), 1, 0)", "x=2, z=800", "x", 0, "with more digits on both sides 1"),
    ("y = x*(not exp(-z))", "x=2, z=800", "x", 1, "with more digits on both sides 0"),
    ("y = x*floor(1 - z)", "x=2, z=1e-20", "x", 1, "with more digits on both sides 0"),
    ("y = x*mod(1 - z, 1)", "x=2, z=1e-20", "x", 0, "with more digits on both sides 1"),
    ("y = x*sign(1 + z - 1)", "x=2, z=1e-20", "x", 0, "with more digits on both sides 1"),
    ("y = x*floor(tanh(z))", "x=2, z=40", "x", 1, "with more digits on both sides 0"),
    ("y = x*ceil(1e-200*z)", "x=2, z=1e-200", "x", 0, "with more digits on both sides 1"),
    ("y = if(tanh(z) == 1, 5*x, x)", "x=2, z=40", "x", 5, "with more digits on both sides 1"),
    ("y = if(sin(z) == z, 5*x, x)", "x=2, z=1e-9", "x", 5, "with more digits on both sides 1"),
    ("y = if(max(1 + z, 1) > 1, x, 5*x)", "x=2, z=1e-17", "x", 5, "with more digits on both sides 1"),
    ("y = x*atan2(1 + z - 1, -1)", "x=2, z=-1e-20", "x", pi, f"with more digits on both sides {-pi:.10g}"),
    ("y = sign(exp(-z))*sign(exp(-w))*x", "z=800, w=900, x=3", "x", 0, "with more digits on both sides 1"),
    ("u = floor(x); y = if(tanh(z) == 1, 5*u, u)", "x=0.5, z=40", "u", 5, "with more digits on both sides 1"),
    # exp(-1.7e308) has an exponent that no double holds
    ("y = abs(exp(-x) + z)", "x=1.7e308, z=0", "z", 1, "with more digits from the other side -1"),
    # the jump of an angle where both numbers are 0, and behind it
    ("y = if(atan2(x, x) < 0.5, x, 2*x)", "x=0", "x", 1, "from the other side 2"),
    ("y = floor(atan2(x, x))*z + x", "x=0, z=3", "x", 1, "from the other side the value jumps"),
    ("y = x*atan2(z, x)", "x=-1, z=-0.0", "z", 1, "from the other side the value jumps"),
    # a small jump, of a hundred doubles
    ("y = 0.5*x + exp2(floor(x))", "x=-40", "x", 0.5, "from the other side the value jumps"),
]  # fmt: skip

QUIET = [
    ("y = max(x, x)", "x=2"),
    ("y = if(x < 1, 2*x, 2*x)", "x=1"),
    ("y = if(x < 1, 2*x, x + x)", "x=1"),
    ("y = if(1 == 1, x, 2*x)", "x=2"),
    ("y = sum(if(i == 2, abs(x), x) for i in 1..3)", "x=2"),
    ("n = 3; y = sum(if(i == n, 2*x, x) for i in 1..n)", "x=2"),
    ("y = if(c > 0, abs(x), 5*x)", "c=-1, x=0"),
    ("y = if(c > 0, if(x == 0, 1, x), 5*x)", "c=-1, x=0"),
    ("y = if(c > 0 or x == 0, 2*x, 5*x)", "c=1, x=0"),
    ("u = abs(x); y = 2*x", "x=0"),
    ("y = abs(x)*x", "x=0"),
    ("y = relu(x)^2", "x=0"),
    ("y = abs(x^3)", "x=0"),
    ("y = z*abs(x)", "x=0, z=0"),
    ("y = abs(x) - abs(x)", "x=0"),
    ("y = max(2*x, x + 3)", "x=2.9999999999"),
    ("y = floor(x) + ceil(z) + round(a)", "x=2.5, z=0.1, a=2"),
    ("y = if(a < b, x, 2*x) + (a > b)", "a=1, b=2, x=3"),
    ("m = max(a, b); y = exp(a - m)/(exp(a - m) + exp(b - m))", "a=1, b=1"),
    ("y = max(sqrt(2)*x, 1)", "x=0.5"),
    ("y = not (x > 1)", "x=0"),
    ("p = sigmoid(w); y = if(t == 1, -log(p), -log(1 - p)) + ((p > 0.5) == t)", "t=1, w=2"),
    ("p = sigmoid(w); y = (p - (t == 1))^2 + (round(p) == t)", "t=1, w=2"),
    ("y = if(x == 0, 0, x*sqrt(x))", "x=0"),
    ("y = if(x > 0, exp(-1/x), 0)", "x=0"),
    ("y = max(1 - cos(cbrt(b)), (b + b)^2)", "b=5e-324"),
    ("y = max(10*x, 1)", "x=0.1"),
    ("y = max(sqrt(z)^2, x)", "z=2, x=2"),
    ("n = floor(x); y = if(n < 2, x, 3*x) + if(n == 2, x, 3*x)", "x=2.3"),
    ("c = x > 0; y = if(c, x, 3*x) + (c == 0)*relu(c)", "x=-2.3"),
    ("y = abs(b)*1e-200*1e-200", "b=0"),
    ("u = 2*x; v = x + x; y = if(x < 1, u, v)", "x=1"),
    ("y = if(tanh(z) == 1, x, x)", "x=2, z=40"),
    ("y = x*(exp(-z) >= 0)", "x=2, z=800"),
    ("y = x + 1e-30*floor(tanh(z))", "x=2, z=40"),
    ("y = relu(x*x) + abs(z*1e-200)", "x=1e-300, z=1e-160"),
    ("y = if(x < 0.3, x/3, x*0.3333333333333333)", "x=0.3"),
    ("y = x + 1e-20*relu(x - 1)", "x=1"),
]


def unlisted(err: str) -> str:
    """A note with `= 0` behind each of several gradients: `∂y/∂x and ∂y/∂z, both 0`."""
    return re.sub(
        r"((?:∂\S+?(?:, | and ))+)(∂\S+), (?:both|all) ([^\s,;]+)",
        lambda found: re.sub("(∂[^ ,]+)", rf"\1 = {found[3]}", f"{found[1]}{found[2]}"),
        err,
    )


def noted(text: str, at: str, *options: str) -> tuple[str, str]:
    """What is said on standard error, and what is printed; the exit status stays 0."""
    ran = backprop("grad", "-e", text, "--set", at, *options)
    assert ran.status == 0, ran.err
    return ran.err, ran.out


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(("text", "at", "name", "gradient", "other"), NOTED)
def test_the_other_side_is_told(
    text: str, at: str, name: str, gradient: float, other: str, engine: str
) -> None:
    err, out = noted(text, at, "--engine", engine, "--format", "json")
    assert f"∂y/∂{name} = {gradient:.10g}" in unlisted(err)
    assert re.search(rf"; {re.escape(other)}(\n|\. )", err)
    found = json.loads(out)
    assert found["gradients"][name] == gradient
    assert found["notes"]
    assert all(f"{each}\n" in err.replace(" note:", "") for each in found["notes"])


SHARED = [
    # every input that leads to the border, each with slopes by hand
    ("y = hypot(x, z, w)", "x=0, z=0, w=0",
     "∂y/∂x, ∂y/∂z and ∂y/∂w, all 0, are the slopes taken there; from the left -1, from the right 1"),
    ("y = logsumexp(hypot(x[i], a) for i in 1..4)", "x=0, a=0",
     ("∂y/∂x[1], ∂y/∂x[2], ∂y/∂x[3] and ∂y/∂x[4], all 0, are the slopes taken there; from the left"
     " -0.25, from the right 0.25. So is ∂y/∂a = 0; from the left -1, from the right 1")),
    ("y = if(x == z, 3*x, 5*z)", "x=1, z=1",
     ("∂y/∂x = 3 is that of this branch; from the other side 0, after a jump."
     " So is ∂y/∂z = 0; from the other side 5, after a jump")),
    ("y = max(x, z)", "x=1, z=1",
     ("∂y/∂x = 1 is that of its first argument; from the other side 0."
     " So is ∂y/∂z = 0; from the other side 1")),
    ("y = max(x[i] for i in 1..3)", "x=1",
     ("∂y/∂x[1] = 1 is that of its first argument; from the other side 0."
     " So are ∂y/∂x[2] and ∂y/∂x[3], both 0; from the other side 1")),
    ("y = relu(a*x + b*z + c)", "a=1, x=2, b=3, z=4, c=-14",
     ("∂y/∂a = 0 is the slope taken there; from the other side 2."
     " So are ∂y/∂x and ∂y/∂c, both 0; from the other side 1."
     " So is ∂y/∂b = 0; from the other side 4. And so on for z")),
    # neither x nor w has slopes on its own: the cubes have
    ("u = x^3; v = w^3; y = hypot(u, v)", "x=0, w=0",
     "∂y/∂u and ∂y/∂v, both 0, are the slopes taken there; from the left -1, from the right 1"),
    # x moves no value: what it is multiplied by is 0
    ("y = abs(z) + abs(x*z)", "x=2, z=0", "∂y/∂z = 0 is the slope taken there; from the left -3, from the right 3"),
    ("y = logsumexp(hypot(x[i], a) for i in 1..20)", "x=0, a=0", "8 more inputs lead there, not looked at"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "said"), SHARED)
def test_every_input_that_a_border_touches_is_told(text: str, at: str, said: str) -> None:
    err, out = noted(text, at, "--format", "json")
    assert re.search(rf"[:.] {re.escape(said)}\n", err), err
    assert any(note.split("\n")[0].endswith(said) for note in json.loads(out)["notes"])


@pytest.mark.parametrize(("text", "at"), QUIET)
def test_what_makes_no_difference_is_not_told(text: str, at: str) -> None:
    err, out = noted(text, at, "--format", "json", "--of", "y")
    assert err == ""
    assert "notes" not in out


def test_a_note_underlines_the_border_and_changes_no_table() -> None:
    err, out = noted("k = 2; y = if(x == 0, 0, x*log(k))", "x=0")
    assert err == (
        "<-e>:1:15: note: x == 0 holds exactly here: ∂y/∂x = 0 is that of this branch;"
        " from the other side 0.6931471806\n"
        "  1 | k = 2; y = if(x == 0, 0, x*log(k))\n"
        "    |               ^^^^^^ x = 0\n"
    )
    assert out.splitlines()[0] == "y = 0"
    tie, _ = noted("y = max(a, b)", "a=1, b=1")
    assert "max(a, b) is a tie here: ∂y/∂a = 1 is that of its first argument" in tie
    assert "^^^^^^^^^ a = 1, b = 1" in tie
    corner, _ = noted("y = abs(a)", "a=0")
    assert "abs(a) has a corner exactly here: ∂y/∂a = 0 is the slope taken there" in corner
    function, _ = noted("f(t) = abs(t); y = f(2*a)", "a=0")
    assert "------ called here" in function
    rounded, _ = noted("y = min(a, abs(b - a))", "a=1, b=1e-160")
    assert "min(a, abs(b - a)) is a tie here by rounding: ∂y/∂b = 0 is" in rounded
    lost, _ = noted("y = if(a*a != 0, a, 3*a)", "a=1e-200")
    assert "a*a != 0 fails here by rounding: ∂y/∂a = 3 is" in lost


def test_a_gradient_that_differs_by_little_is_told_with_its_digits() -> None:
    err, _ = noted("y = if(x < 1, x, 1 + (x - 1)*1.0000000001)", "x=1")
    assert "∂y/∂x = 1.0000000001 is that of this branch; from the other side 1\n" in err


def test_a_value_that_rounding_decides_is_told() -> None:
    err, _ = noted("y = sign(exp(-z))", "z=800")
    assert "sign(exp(-z)) has a jump here by rounding: so y is 0; with more digits it is 1" in err
    err, _ = noted("y = x*floor(tanh(z))", "x=2, z=40", "--wrt", "x")
    assert "slope taken there (so y is 2; with more digits it is 0); with more" in err
    err, _ = noted("y = 1 + 1e-14*floor(tanh(z))", "z=40")
    assert "so y is 1.00000000000001; with more digits it is 1\n" in err  # 1 + 1e-14


def test_one_note_a_place_and_a_handful_in_all() -> None:
    err, _ = noted("y = sum(abs(x[i]) for i in 1..30)", "x=0")
    assert err.count("note:") == 1
    many = " + ".join(f"abs(x - {number})*0 + relu(z{number})" for number in range(8))
    err, _ = noted(f"y = {many}", ", ".join(f"z{number}=0" for number in range(8)) + ", x=9")
    assert err.count("note:") == 6
    assert "<-e>: note: and 3 more borders\n" in err
    assert (
        "and 1 more border\n"
        in noted(
            "y = " + " + ".join(f"relu(z{number})" for number in range(6)),
            ", ".join(f"z{number}=0" for number in range(6)),
        )[0]
    )


def test_notes_are_about_the_names_that_were_asked_for() -> None:
    text, at = "u = 2*x; v = abs(u); y = v + z", "x=0, z=1"
    for name, said in (("z", 0), ("x", 1), ("u", 1), ("v", 1), ("y", 0)):
        assert noted(text, at, "--wrt", name)[0].count("note:") == said, name


def test_a_picture_says_it_too_and_an_explanation_in_its_steps(tmp_path: Path) -> None:
    model = "-e", "y = max(x, z)", "--set", "x=1, z=1"
    drawn = backprop("draw", *model, "-o", str(tmp_path / "a.dot"))
    assert (drawn.status, drawn.err.count("note:")) == (0, 1)
    explained = backprop("explain", *model)
    assert "has a corner at x = 1, z = 1: the slopes taken there are 1 and 0" in explained.out
    assert explained.err == ""


def test_descents_and_compiled_programs_are_silent() -> None:
    for optimizer in ("gd", "adam", "bfgs"):
        ran = backprop("descend", "-e", "y = abs(x) + (z - 1)^2", "--set", "x=0, z=0",
                       "--optimizer", optimizer, "--steps", "5")  # fmt: skip
        assert (ran.status, "note" in ran.err) == (0, False)
    program = library.compile(library.parse("y = relu(x) + z"))
    assert program([0.0, 1.0])[1].tolist() == [0.0, 1.0]


def test_the_library_has_the_notes() -> None:
    model = library.parse("y = max(a, b)", "eqs.txt")
    assert model.grad({"a": 1, "b": 2}).notes == ()
    (note,) = model.grad({"a": 2, "b": 2}).notes
    assert isinstance(note, AtBorder)
    assert str(note).startswith("eqs.txt:1:5: max(a, b) is a tie here: ∂y/∂a = 1 is")
    assert note.leads == {"a", "b", "y"}


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        # a slope of 0.5 + cos(0)/2 in each of the steps
        ("x[1] = relu(a); x[t+1] = 0.5*x[t] + sin(x[t])/2 for t in 1..{n}; y = x[{n}+1]", "a=0",
         "∂y/∂a = 0 is the slope taken there; from the other side 1\n"),
        ("y = sum(relu(x*i) for i in 1..{n})", "x=0",
         "∂y/∂x = 0 is the slope taken there; from the other side {sum}\n"),
        ("y = sum(if(x < 1, x, x^i) for i in 1..{n})", "x=1",
         "∂y/∂x = {sum} is that of this branch; from the other side {n}\n"),
        ("y = sum(relu(x[i]) for i in 1..{n})", "x=0",
         "∂y/∂x[4] and 9 more, all 0, are the slopes taken there; from the other side 1. {rest:,} more"),
        # one of which doubles cannot leave: no number
        ("y = sum(relu(x*i) for i in 1..{n}) + relu(1e-200*x*1e-200)", "x=0",
         "relu(x*i) has a corner exactly here: the gradient is the slope taken there\n"),
    ],
)  # fmt: skip
def test_a_large_graph_has_notes_with_numbers_where_they_are_plain(
    text: str, at: str, said: str, request: pytest.FixtureRequest
) -> None:
    """Of more steps than a quick look takes."""
    n = 20_000 if request.config.getoption("--whole") else 6_000
    assert 10 * n > looks._WORK
    err, _ = noted(text.format(n=n), at, "--format", "json", "--of", "y")
    assert said.format(n=n, sum=n * (n + 1) // 2, rest=n - 13) in err


def test_nothing_is_measured_for_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only compared for equality has slope 0 beside it, too."""
    monkeypatch.setattr(looks, "sides", None)  # which would be called
    labels = (
        "z[i] = w*x[i] + b for i in 1..100\n"
        "L = mean(if(t[i] == 1, softplus(-z[i]), softplus(z[i])) for i in 1..100)"
    )
    model = library.parse(labels)
    point = {"w": 0.3, "b": 0.1, "x": 0.5, "t": 1.0}
    assert model.grad({name: point[name.split("[")[0]] for name in model.inputs}).notes == ()


def test_without_a_border_nothing_is_loaded() -> None:
    text = "y = max(a, b) + abs(c) + if(a < b, 1, 2) + floor(c)"
    code = (
        f"import sys, backprop\nbackprop.parse({text!r}).grad(dict(a=1, b=2, c=0.5))\n"
        "assert not {'mpmath', 'numpy', 'backprop.evaluation.other_side'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rounding_is_no_other_side() -> None:
    """At a tie of a softmax's shift the gradient by it is 0, up to rounding, on both sides."""
    text = "m = max(a, b, c); y = log(exp(a - m) + exp(b - m) + exp(c - m)) + m - b; z = y*e^3"
    err, out = noted(text, f"a=0.7, b=0.7, c=0.1, e={e}", "--format", "json", "--of", "z")
    assert err == ""
    weights = [2.0, 2.0, 2 ** ((0.1 - 0.7) / log(2) + 1)]
    right = e**3 * weights[0] / sum(weights)
    assert json.loads(out)["gradients"]["a"] == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("y = leaky_relu(relu(x))", "x=0"),
        ("y = elu(relu(x))", "x=0"),
        ("y = leaky_relu(relu(a*x + b))", "x=0, a=2, b=0"),
        ("y = 0.1*min(x,10000) + 0.2*min(max(x-10000,0),30000) + 0.3*max(x-40000,0)", "x=40000"),
    ],
)
def test_the_same_is_told_once(text: str, at: str) -> None:
    assert noted(text, at)[0].count("note:") == 1


def test_a_name_at_a_second_corner_is_told_of_too() -> None:
    err, _ = noted("u = relu(x); y = leaky_relu(u)", "x=0")
    assert "∂y/∂x = 0" in err
    assert "∂y/∂u = 0.01" in err
