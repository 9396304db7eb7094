"""What shows, checks and names members of loops, against the same text unrolled."""

from typing import Any

import pytest

from backprop import api
from backprop.errors import BackpropError, ChooseOutput
from backprop.evaluation.gradient import evaluate, gradient
from backprop.language.reading import read_carefully
from backprop.loops.worth import read_model
from backprop.names import Names
from backprop.source import Source
from running import backprop, unrolled

BIG = """n = 8000
x[i] = sin(i) for i in 1..n
w[1] = 0.5; w[2] = -0.2; b = 0.1
h[i] = tanh(w[1]*x[i] + w[2]*x[i]^2 + b) for i in 1..n
L = mean(h[i]^2 for i in 1..n)
"""
"""Large enough for loops."""

SMALL = BIG.replace("8000", "3")


# ---------------------------------------------------------------------------- families as outputs


@pytest.mark.parametrize("text", [BIG, SMALL])
@pytest.mark.parametrize("command", ["grad", "check", "explain", "draw", "descend"])
def test_a_family_is_no_output(text: str, command: str) -> None:
    ran = backprop(command, "-e", text, "--of", "h")
    last = 8000 if text is BIG else 3
    assert ran.status == 1
    assert f"'h' is {last:,} numbers, and an output is a single one" in ran.err
    assert f'--of "h[{last}]"' in ran.err
    assert "sum(h[*])" in ran.err
    assert backprop("grad", "-e", text, "--of", f"h[{last}]", "--only", "b").status == 0


@pytest.mark.parametrize("text", [BIG, SMALL])
def test_a_family_is_no_output_in_python(text: str) -> None:
    model = api.parse(text)
    for ask in (model.grad, model.check, model.explain, model.descend):
        with pytest.raises(ChooseOutput, match="an output is a single one"):
            ask(of="h")


def test_the_hint_has_a_star_for_each_index() -> None:
    text = "w[i,j] = i*j for i in 1..2, j in 1..2; L = w[1,1]*2"
    assert "sum(w[*,*])" in backprop("grad", "-e", text, "--of", "w").err
    assert "w[2,2] = 4" in backprop("grad", "-e", text, "--of", "w[*,*]").out


# ------------------------------------------------------------------------- names and patterns


NAMED = """n = 4; s = 2; const g = 9; const m[i] = 3 - i for i in 1..2
a[i,j] = i*j for i in -2..n, j in 0..2 if i != j
a[-2,5] = 1
b[i] = i for i in 3..12; c[m[i]] = b[i+3]*q[i]*g for i in 1..2
d[i] ~ normal(0, s) for i in 1..n
e[i,j] = a[i,j]*b[3+j] for i in 1..n, j in 0..2 if i > j
L = sum(e[i,0] for i in 1..n) + d[1] + c[1]*p + h'
"""
"""Families with holes, indices below 0, inputs without numbers, constants of ranges."""

PATTERNS = [
    *(
        "a",
        "b",
        "q",
        "m",
        "n",
        "p",
        "h'",
        "zz",
        "*",
        "a*",
        "?",
        "*[*]",
        "a[*]",
        "b[*]",
        "*[1]",
        "*[2..,*]",
    ),
    *(
        "a[*,*]",
        "a[-1,*]",
        "a[-2..,0]",
        "a[..-1,1..]",
        "a[1..3,2]",
        "a[1,1..2]",
        "a[*,5]",
        "a[3..1,*]",
    ),
    *(
        "a[0..9,*]",
        "a[-0,*]",
        "a[01,*]",
        "a[1..02,*]",
        "a[*,*,*]",
        "a[*..3,*]",
        "a[..,..]",
        "a[1.,*]",
    ),
    *(
        "b[..5]",
        "b[10..]",
        "b[1?]",
        "b[*2]",
        "b[?]",
        "b[3..4",
        "b[3..4]x",
        "b[ 3 .. 4 ]",
        "b[99..]",
        "b[..2]",
    ),
    *(
        "q[*]",
        "q[1..2]",
        "q[2..3]",
        "m[1..2]",
        "m[2..]",
        "c[*]",
        "d[2..3]",
        "e[*,0]",
        "e[2..,..1]",
        "n[*]",
    ),
    *("p[*]", "L*", "h*", "b[12]", "b[13]", "b[" + "9" * 30 + "..]", "b[.." + "9" * 30 + "]"),
]


def test_patterns_are_what_a_look_at_all_names_says() -> None:
    """Also of names that can be set, and of those that have numbers."""
    looped, right = (
        read_model(Source("<text>", NAMED), many=0),
        read_carefully(Source("<text>", NAMED)),
    )
    assert looped.loops
    for theirs, names in (
        (looped.names, [*right.names]),
        (looped.settable, right.inputs),
        (looped.defaults, [*right.defaults]),
    ):
        assert [*theirs] == names
        for pattern in PATTERNS:
            assert Names(theirs).meant(pattern) == Names(names).meant(pattern), pattern
    assert looped.loops  # it was not unrolled for this


def test_patterns_do_not_look_at_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    looped = read_model(Source("<text>", BIG))
    monkeypatch.setattr(
        type(looped.names), "_all", lambda _: pytest.fail("all names are looked at")
    )
    found = Names(looped.names).meant("h[7999..]")
    assert found == (["h[7999]", "h[8000]"], None)
    assert Names(looped.settable).meant("h[*]") == ([], "h[*]")


@pytest.mark.parametrize(
    "end", ["L = x[n+1]", "L = x[n+1]*alpa; M = 2*alhpa + alpa", "L = beta*x[5]"]
)
def test_several_outputs_are_told_without_single_steps(end: str) -> None:
    """Where there are too many to be unrolled, too; and inputs used once that resemble a name."""
    text = f"n = 30000; x[1] = 0.4; v[1] = 0; dt = 1e-5; alpha = 2; bet = 1; {end}"
    text += "; x[t+1] = x[t] + dt*v[t] for t in 1..n; v[t+1] = v[t] - dt*x[t+1]*bet for t in 1..n"
    ran = backprop("grad", "-e", text)
    assert ran == unrolled("grad", "-e", text)
    assert "there are " in ran.err
    assert ("used once" in ran.err) == (end != "L = x[n+1]")
    large = text.replace("n = 30000", "n = 3000000")
    assert "more than" not in backprop("grad", "-e", large).err
    assert "there are " in backprop("grad", "-e", large).err


# ---------------------------------------------------------------------- how a text has been read


def test_verbose_says_how_the_equations_are_read() -> None:
    ran = backprop("grad", "-e", BIG, "--verbose", "--only", "L")
    assert ran.err.startswith("read as loops over arrays: unrolled, there would be about ")
    assert backprop("grad", "-e", BIG, "--only", "L").err == ""
    assert backprop("grad", "-e", SMALL, "--verbose", "--only", "L").err.startswith(
        "read step by step: "
    )
    where = "L = sum(x[i]*y[i]^2 for i in 1..30000); y[i] = 1 in 0..x[i] for i in 1..30000"
    ran = backprop("grad", "-e", f"x[i] = i for i in 1..30001\n{where}", "--verbose", "--only", "L")
    said, *_ = ran.err.splitlines()
    assert said.startswith("no loops, though there are about ")
    assert said.endswith(": in line 2, of y, bounds are made of members")


def test_verbose_says_what_is_unrolled_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 members, that are read as if they were many."""

    def read(source: Source, seed: int, most: int, many: float, *more: Any) -> Any:
        return read_model(source, seed, most, 0, *more)

    monkeypatch.setattr("backprop.inputs.read_model", read)
    text = BIG.replace("8000", "300")
    ran = backprop("explain", "-e", text, "--verbose", "--only", "h[1]", "--all")
    assert [line.split(":")[0] for line in ran.err.splitlines()] == [
        "read as loops over arrays",
        "unrolled after all",
    ]


def test_members_of_loops_do_not_count_against_max_nodes() -> None:
    right = backprop("grad", "-e", BIG, "--only", "L, w[*]")
    assert backprop("grad", "-e", BIG, "--only", "L, w[*]", "--max-nodes", "1000") == right
    ran = backprop("explain", "-e", BIG, "--max-nodes", "1000", "--only", "h[1]", "--all")
    assert "unrolled, the file has over 1,000 values" in ran.err


# ------------------------------------------------------------ inputs that no statement defines


@pytest.mark.parametrize(
    "text",
    [
        "L = sum(h[*]); h[i] = x[i]*w + sum(x[i]*u[j] + v[i,j]*q for j in 1..2) for i in 1..3",
        "h[i] = sum(sum(u[j]*z[k] + v[i,j] for k in 1..2) + w[j] for j in 1..2) + x[i] for i in 1..3",
        "f(a, b) = a*b + y[2]; h[i] = f(x[i], x[4-i]) for i in 1..3; L = sum(h[*]) + y[1]",
        "h[i] = b*sum(x[j,k]*c[k] for j in 1..i, k in j..3) for i in 1..3; L = sum(h[*])",
        "h[i] = sum(x[j]*c[i,k] for j in 1..2, k in 1..3 if k != j) + x[7-i] for i in 1..3",
        "h[i] = x[i] for i in 3..1..-1; g[i] = x[i+1]*x[i] + y for i in 1..3; L = sum(h[*])",
    ],
)
def test_inputs_stand_before_the_member_that_uses_them_first(text: str) -> None:
    source = Source("<text>", text)
    looped, right = read_model(source, many=0), read_carefully(source)
    assert [*looped.names] == [*right.names]
    assert (looped.inputs, looped.outputs) == (right.inputs, right.outputs)
    assert looped.loops


# ------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "text",
    [
        "y[i] = i for i in 1..3; x[i] = mean(y[*,*])*i for i in 1..3; L = sum(x[*])",
        "w[i] = i for i in 1..3; y[t,j] = w[j]*t for t in 1..3, j in 1..3; L = dot(w[1,*], y[1,*])",
        "b[t,j] = t + j for t in 1..2, j in 1..3; L = logsumexp(b[*])",
        "x[i] = i for i in 1..3; L = sum(x[i] for i in 1..3 if mod(i, 2) == 1e308)",
        "x[i] = i for i in 1..3; L = sum(x[i*1e20/1e20] for i in 1..3)",
        "k[i] = i/0 for i in 1..3; x[i] = i for i in 1..3; L = sum(x[k[i]] for i in 1..3)",
        "k[i] = 1e300*i for i in 1..3; x[i] = i for i in 1..3; L = sum(x[k[i]] for i in 1..3)",
    ],
)
def test_mistakes_in_indices_are_told_as_they_are_unrolled(text: str) -> None:
    source = Source("<text>", text)
    with pytest.raises(BackpropError) as right:
        evaluate(read_carefully(source), {})
    with pytest.raises(BackpropError) as found:
        evaluate(read_model(source, many=0), {})
    assert [*map(str, found.value.all)] == [*map(str, right.value.all)]


def test_what_needs_an_input_without_a_number_has_none() -> None:
    """Also where only a branch that is not taken needs it, and the output needs none of it."""
    text = "g[0] = 0.9; g[t+1] = if(g[t] > 0.1, g[t]/2, z[t]) for t in 0..2; x[i] = i for i in 1..9; L = sum(x[*])"
    source = Source("<text>", text)
    found = gradient(read_model(source, many=0), {}, "L")
    assert found.data == gradient(read_carefully(source), {}, "L").data
    assert {"g[1]", "z[0]"}.isdisjoint(found.data)


@pytest.mark.parametrize("engine", ["auto", "python", "native"])
@pytest.mark.parametrize("command", ["grad", "descend --steps 3", "descend --lr 1e-3 --steps 3"])
def test_no_engine_unrolls_loops(engine: str, command: str) -> None:
    text = "L = sum((a*x[i] - 1)^2 for i in 1..n)/n; x[i] = sin(i) for i in 1..n; n = 30000; a = 2; const x"
    name, *more = command.split()
    only = ["--only", "a"] if name == "descend" else []
    ran = backprop(name, "-e", text, "--engine", engine, *more, *only, "--verbose", "--of", "L")
    assert (ran.status, ran.err.count("read as loops")) == (0, 1)
    assert "unrolled after all" not in ran.err


# ------------------------------------------------------------------------- outputs that few steps lead to

FEW = """n = 12500
w[i] ~ normal(0, 1) for i in 1..n
y[i] = w[i]^2 for i in 1..n
x[1] = 0.3; dt = 1e-3
x[t+1] = x[t] + dt*y[t] for t in 1..n
L = sum(x[i]*y[i] for i in 1..n)
"""


@pytest.mark.parametrize(
    "more",
    [
        "y[3]",
        "w[5]",
        "x[9]",
        "x[1]",
        "y[n-1]*x[3]/sum(w[i] for i in 1..9)",
        "(1 - cos(w[7]*1e-9))/w[7]^2",  # digits that rounding takes
        "max(y[7], w[7]^2) + abs(w[8]^2 - y[8])",  # notes on borders
        "sqrt(y[5] - w[5]^2)",  # a gradient that is infinite
        "sum(y[i] for i in 1..400)",  # more than is cut out
        "exp(-800)*y[1]*exp(-100)",  # too small for a double
        "max(y[1], 5)",
    ],
)
def test_of_few_steps_is_said_what_is_said_unrolled(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the others are not unrolled, but for what a note is due for."""
    text = f"{FEW}z = {more}"
    asked: tuple[str, ...] = ("-e", text, "--of", "z", "--only", "z, w[1..9], x[1..4], dt")
    ran, right = backprop("grad", *asked), unrolled("grad", *asked)
    assert ran == right
    if more == "x[9]":
        matrix = ("-e", text, "--of", "z, y[1]", "--wrt", "w[1], w[5], w[7], dt")
        assert backprop("jacobian", *matrix) == unrolled("jacobian", *matrix)
    if right.err or "400" in more:
        return
    monkeypatch.setattr("backprop.loops.loop_model.read_carefully", pytest.fail)
    assert backprop("grad", *asked) == right


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("k[i] = mod(i, 5) + 1.5 for i in 1..n", "k[1] is 2.5, no whole number"),
        ("k[i] = i for i in 1..n", "a[6] is not defined; a has the indices 1..5"),
        ("k[i] = 1 for i in 2..n", "k[1] is not defined; k has the indices 2..40000"),
        ("k[i] = 1 for i in 1..n; k[i] = 2 for i in 3..4", "'k[3]' is defined twice"),
    ],
)
def test_a_mistake_is_told_and_no_limit(text: str, why: str) -> None:
    """Beyond the limit of what is unrolled, too."""
    rest = "a[j] = j for j in 1..5; L = sum(a[k[i]]^2 for i in 1..n) + sum(i*b for i in 1..200000); b = 1"
    ran = backprop("grad", "-e", f"n = 40000; {text}; {rest}", "--max-nodes", "1000")
    assert ran.status == (2 if "no whole" in why else 1)
    assert f"error: {why}" in ran.err or f"(i = 3): {why}" in ran.err
    assert "over 1,000 values" not in ran.err


def test_the_limit_of_what_is_unrolled_says_why_it_is() -> None:
    text = "b[i] = 2 for i in 1..n; w[i] = 1 in 0..b[i] for i in 1..n; L = sum(w[*]) + sum(b[*])"
    ran = backprop("grad", "-e", f"n = 200000; {text}", "--max-nodes", "1000")
    assert ran.status == 1
    assert "unrolled, the file has over 1,000 values" in ran.err
    assert "it is unrolled, since in line 1, of w, bounds are made of members" in ran.err


def test_the_limit_of_second_derivatives_says_what_has_them() -> None:
    text = """
        u[0,i] = i/50 for i in 1..40
        u[t,i] = u[t-1,i]*u[t-1,41-i] + q[t,i] for t in 1..30, i in 1..40
        q[t,i] = 0 for t in 1..30, i in 1..40
        L = sum(u[30,i]^2 for i in 1..40)
    """
    twice = "g[t,i] = derivative(derivative(L, q[t,i]), q[t,i]) for t in 1..30, i in 1..40"
    ran = backprop("grad", "-e", f"{text}{twice}", "--max-nodes", "20000")
    assert ran.status == 1
    assert "second derivatives by each input, without these equations: hessian --diag" in ran.err
    assert backprop("hessian", "-e", text, "--diagonal", "--max-nodes", "20000").status == 0
