"""Every example of the gallery as loops, by NumPy and as machine code, against the same text unrolled."""

from __future__ import annotations

from math import isclose

import numpy
import pytest

from backprop import gallery
from backprop.errors import NoMachineCode
from backprop.loops import loop_model, sequence
from gradbench import PROBLEMS
from looped import apart
from test_gradbench import SIZES
from test_loops import both
from test_nests import compiled

SMALL = {
    example.name: example.text for example in gallery.examples() if example.name.isidentifier()
}
LARGER = {
    f"{name}, {', '.join(map(str, sizes.values()))}": PROBLEMS[name].text(sizes)
    for name, sizes in SIZES
}


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is small is run as loops, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


def same_as_unrolled(text: str) -> bool:
    """Whether a text is read as loops; then its numbers are compared. Where nothing is in doubt all is the
    same."""
    looped, found, whole = both(text, {})
    if not looped.loops:
        return False
    right = whole.gradient
    if found:
        assert [*found.data.items()] == [*right.data.items()]  # to the bit
        assert [*found.gradients] == [*right.gradients]
        assert apart(found, whole) <= 4
    try:
        made = compiled(text, {})
    except NoMachineCode:
        return True
    if made:
        model, names, engine = made
        if answer := engine.run(numpy.array([model.default(name) for name in names])):
            value, slopes = answer
            assert isclose(value, right.value, rel_tol=1e-13)
            by_name = dict(zip(names, slopes.tolist(), strict=True))
            assert apart(right._replace(gradients=by_name), whole) <= 4
    return True


@pytest.mark.parametrize("name", SMALL)
def test_small_examples(name: str) -> None:
    assert same_as_unrolled(SMALL[name])


@pytest.mark.parametrize("name", LARGER)
def test_larger_examples(name: str) -> None:
    assert same_as_unrolled(LARGER[name])


@pytest.mark.parametrize("name", ["particle, 30", "saddle, 40", "saddle, 1"])
def test_derivatives_in_equations_leave_nothing_in_doubt(name: str) -> None:
    """So that what they are compared with above is more than nothing. (The particle's 400 steps meet a
    border, where the unrolled graph says what a note is due for.)"""
    looped, found, _ = both(LARGER[name], {})
    assert looped.loops
    assert found
