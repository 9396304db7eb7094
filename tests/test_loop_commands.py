"""What shows, checks and names members of loops, against the same text unrolled."""

import pytest

from backprop import api
from backprop.errors import ChooseOutput
from running import backprop

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


# ---------------------------------------------------------------------- how a text has been read


def test_verbose_says_how_the_equations_are_read() -> None:
    ran = backprop("grad", "-e", BIG, "--verbose", "--only", "L")
    assert ran.err.startswith("read as loops over arrays: unrolled, there would be about ")
    assert backprop("grad", "-e", BIG, "--only", "L").err == ""
    assert backprop("grad", "-e", SMALL, "--verbose", "--only", "L").err.startswith(
        "read step by step: "
    )
    where = "L = sum(x[floor(y[i])] for i in 1..30000); y[i] = abs(x[i]) + 1 for i in 1..30000"
    ran = backprop("grad", "-e", f"x[i] = i for i in 1..30001\n{where}", "--verbose", "--only", "L")
    said, *_ = ran.err.splitlines()
    assert said.startswith("no loops, though there are about ")
    assert said.endswith(
        ": in line 2, of L, an index comes from a family that is no table of numbers"
    )


def test_verbose_says_what_is_unrolled_after_all() -> None:
    ran = backprop("grad", "-e", BIG, "--verbose", "--only", "L", "--engine", "python")
    assert [line.split(":")[0] for line in ran.err.splitlines()] == [
        "read as loops over arrays",
        "unrolled after all",
    ]


def test_members_of_loops_do_not_count_against_max_nodes() -> None:
    right = backprop("grad", "-e", BIG, "--only", "L, w[*]")
    assert backprop("grad", "-e", BIG, "--only", "L, w[*]", "--max-nodes", "1000") == right
    ran = backprop("grad", "-e", BIG, "--max-nodes", "1000", "--engine", "python")
    assert "unrolled, the file has over 1,000 values" in ran.err
