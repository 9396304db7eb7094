"""Tables as a person sees them: what stands in their cells, and that they fit where they are shown."""

from __future__ import annotations

from running import backprop


def test_a_default_that_was_replaced_is_not_shown() -> None:
    ran = backprop("grad", "-e", "a = 2; b = 3; L = a*b", "--set", "a=5")
    assert [line.split() for line in ran.out.splitlines()[4:]] == [
        ["a", "input", "5", "3"], ["b", "input", "3", "3", "5"], ["L", "output", "a*b", "15", "1"],
    ]  # fmt: skip


def test_a_name_that_ranges_use_is_a_constant() -> None:
    ran = backprop("grad", "-e", "n = 2; x[i] = i for i in 1..n; L = sum(x[i] for i in 1..n)")
    assert "n     constant  2" in ran.out
    assert "not used" not in ran.out
