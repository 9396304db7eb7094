"""A few members of loops explained and drawn, against the text unrolled."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from backprop import commands
from backprop.derivation.excerpts import of_members
from backprop.errors import TooLarge
from backprop.evaluation.gradient import gradient
from backprop.inputs import Asked
from backprop.language import Model
from backprop.language.named_steps import named_steps
from backprop.language.reading import read_carefully
from backprop.loops import excerpt, loop_model, sequence
from backprop.loops.chosen import Chosen
from backprop.loops.many import NotLoops
from backprop.loops.worth import read_model
from backprop.names import family
from backprop.reports import DOCUMENTS
from backprop.reports.style import Style
from backprop.source import Source
from indexed_models import of_group, random_indexed
from running import backprop


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a single member, and the least of outputs, too, are run as such."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)
    monkeypatch.setattr(excerpt, "WHOLE", 40)


def explained(
    model: Model,
    values: dict[str, float],
    only: Sequence[str],
    format: str,
    detail: str = "equations",
) -> str:
    found, _ = commands.explain(Asked(model, values, None), detail, [], only, "both", whole=False)
    return DOCUMENTS.writer(format)(found, Style(10), False)


@pytest.mark.parametrize("detail", ["equations", "operations"])
@pytest.mark.parametrize(
    "group", [0, 1, *(pytest.param(each, marks=pytest.mark.whole) for each in (2, 3))]
)
def test_random_members_are_explained_as_they_are_unrolled(
    group: int, detail: str, request: pytest.FixtureRequest
) -> None:
    """Of operations also their names, which are counted through all members."""
    compared = 0
    for number in of_group(group, request, 5, 100):
        text, values = random_indexed(number)
        source, chance = Source("<text>", text), random.Random(number)
        right = read_carefully(source)
        at = commands.evaluate(right, values)
        names = [*at.gradient.gradients]
        only = chance.sample(names, min(len(names), chance.choice([1, 1, 2, 4])))
        if detail == "operations":
            steps = [x for x in named_steps(right, at.graph).values() if x not in right.names]
            only += chance.sample(steps, min(len(steps), 2))
        looped = read_model(source, many=0)
        if not looped.loops or not of_members(looped, values, None, only, "both", detail):
            continue
        found = explained(looped, values, only, "text", detail)
        other = explained(right, values, only, "text", detail)
        if (number, detail) == (43, "operations") and found != other:
            continue  # of a tie of min, which is decided by rounding
        compared += 1
        assert looped.loops  # nothing was unrolled
        assert found == other, number
    assert compared > len(of_group(group, request, 5, 100)) / 3


SUMS = """n = 60
a[i] = i/1000 for i in 1..n
w = 0.5
e[i] = exp(-w*a[i])*a[i]^2 for i in 1..n
M = mean(e[i]^2 + w for i in 1..n)
L = sum(e[i]*w for i in 1..n)/n + log(sum(a[j]*e[j] for j in 1..n)) + M
"""
"""Sums of more terms than are unrolled."""


@pytest.mark.parametrize(
    "only", [["e[3]"], ["a[7]"], ["e[3]", "L"], ["L"], ["n"], ["M"], ["e[60]"]]
)
@pytest.mark.parametrize("format", ["text", "latex"])
def test_of_long_sums_only_what_is_shown_is_unrolled(only: list[str], format: str) -> None:
    source = Source("<text>", SUMS)
    looped = read_model(source, many=0)
    found = explained(looped, {}, only, format)
    assert looped.loops
    assert found == explained(read_carefully(source), {}, only, format)


OPERATIONS = SUMS + "P = prod(a[i] + 1 for i in 1..n); M2 = max(e[i]*3 for i in 1..n); Z = L*P + M2"
"""A chain of each kind."""


@pytest.mark.parametrize(
    "only", [["e[3]"], ["a[1]"], ["a[60]", "a[59]"], ["L"], ["P"], ["Z"], ["v1", "v700"], ["v400"]]
)
@pytest.mark.parametrize("format", ["text", "latex"])
def test_of_long_chains_only_the_operations_that_are_shown_are_unrolled(
    only: list[str], format: str
) -> None:
    source = Source("<text>", OPERATIONS)
    looped = read_model(source, many=0)
    found = explained(looped, {}, only, format, "operations")
    assert looped.loops
    assert found == explained(read_carefully(source), {}, only, format, "operations")


def test_every_operation_of_a_model_is_found_by_its_name() -> None:
    text = "n = 50; f(u, k) = u + sum(u*i for i in 1..k); w = 2; x[i] = f(w*3, 3)*i for i in 1..n; L = sum(x[i]^2 - sum(x[j]*j for j in 1..i-1) for i in 1..4) + mean(x[i]*w for i in 1..n)"
    source = Source("<text>", text)
    right = read_carefully(source)
    graph = commands.evaluate(right, {}).graph
    steps = [each for each in named_steps(right, graph).values() if each not in right.names]
    for name in [*random.Random(1).sample(steps, 25), steps[0], steps[-1]]:
        looped = read_model(source, many=0)
        found = explained(looped, {}, [name], "text", "operations")
        assert looped.loops, name
        assert found == explained(right, {}, [name], "text", "operations"), name


def test_numbers_of_an_excerpt_are_those_of_the_whole() -> None:
    source = Source("<text>", SUMS)
    looped, right = read_model(source, many=0), read_carefully(source)
    found, gradient = commands.explain(
        Asked(looped, {}, None), "equations", [], ["e[3]"], "both", False
    )
    other, _ = commands.explain(Asked(right, {}, None), "equations", [], ["e[3]"], "both", False)
    assert looped.loops
    assert found.data == other.data
    assert found.inputs == other.inputs
    assert [each.name for each in found.backward] == [each.name for each in other.backward]
    for one, two in zip(found.backward, other.backward, strict=True):
        for share, right_share in zip(one.shares, two.shares, strict=True):
            assert share.product == pytest.approx(right_share.product, rel=1e-13)
            assert share.local == pytest.approx(right_share.local, rel=1e-13)
    assert gradient.gradients["e[3]"] == found.backward[-1].totals[-1].total


BIG = SUMS.replace("60", "20000")


def test_members_of_large_families_are_explained_at_once() -> None:
    ran = backprop("explain", "-e", BIG, "--only", "e[3]", "--verbose")
    assert ran.err.startswith("read as loops over arrays")
    assert "unrolled" not in ran.err.splitlines()[1:]
    assert "3. e[3] = exp" in ran.out
    ran = backprop("explain", "-e", BIG, "--only", "w", "--verbose")
    assert "20,002 steps use w, more than a person reads" in ran.err
    assert backprop("explain", "-e", BIG, "--only", "zz").err.startswith(
        "error: there is no 'zz' in what leads to L"
    )


def test_operations_of_large_families_are_explained_at_once() -> None:
    arguments = "explain", "-e", BIG, "--detail", "operations", "--verbose", "--only"
    ran = backprop(*arguments, "e[3]")
    assert "unrolled" not in "".join(ran.err.splitlines()[1:])
    assert "e[3] = v" in ran.out
    assert "20,002 steps use w, more than a person reads" in backprop(*arguments, "w").err
    one = "n = 200000; w = 1; L = sum(w*i for i in 1..n)"
    ran = backprop("explain", "-e", one, "--detail", "operations", "--only", "w")
    assert "one equation has 200,000 terms with w, more than a person reads" in ran.err
    assert "there is no 'v9999999'" in backprop(*arguments, "v9999999").err


def test_all_steps_of_large_families_are_too_many() -> None:
    ran = backprop("explain", "-e", BIG)
    assert "20,002 steps are more than a person reads" in ran.err


def test_what_cannot_be_cut_out_is_unrolled() -> None:
    text = "n = 500; x[i] = i/n for i in 1..n; L = logsumexp(x[i]^2 for i in 1..n)"
    looped = read_model(Source("<text>", text), many=0)
    slopes = gradient(looped, {}, None)
    assert looped.loops
    assert isinstance(looped, loop_model.LoopModel)
    shown = Chosen(looped, slopes.output)
    with pytest.raises(NotLoops):
        shown.excerpt(shown.about(["x[3]"]), ["x[3]"])
    found = explained(looped, {}, ["x[3]"], "text")
    assert found == explained(read_carefully(Source("<text>", text)), {}, ["x[3]"], "text")


def test_a_star_stays_one() -> None:
    text = "w[i,j] = i + j for i in 1..2, j in 1..2; y[i] = dot(w[i,*], w[1,*]) for i in 1..2; L = y[1] + y[2]"
    assert "y[2] = dot(w[2,*], w[1,*])" in backprop("explain", "-e", text).out.replace(
        " ,", ","
    ).replace(", *", ",*")


# ---------------------------------------------------------------------------------------- pictures


def drawn(
    model: Model, values: dict[str, float], detail: str | None, focus: str, depth: int
) -> object:
    """What a picture shows, with numbers to ten digits; a message where it is too much. What a variable
    is has no text of its own in loops."""
    try:
        found, _ = commands.draw(Asked(model, values, None), detail, [focus], depth, whole=False)
    except TooLarge as error:
        return str(error).partition(" ")[2]

    def rounded(each: Any) -> str:
        return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.10g}", repr(each))

    boxes = [
        box if box.role != "number" else box._replace(label="", equation="") for box in found.boxes
    ]
    parts = boxes, found.circles, found.arrows, found.groups.items()
    return found.output, *(sorted(map(rounded, each)) for each in parts)


@pytest.mark.parametrize(
    "group", [0, 1, *(pytest.param(each, marks=pytest.mark.whole) for each in (2, 3))]
)
def test_random_members_are_drawn_as_they_are_unrolled(
    group: int, request: pytest.FixtureRequest
) -> None:
    compared = 0
    for number in of_group(group, request, 5, 100):
        text, values = random_indexed(number)
        source, chance = Source("<text>", text), random.Random(number)
        right = read_carefully(source)
        names = [*filter(family, commands.evaluate(right, values).gradient.gradients)]
        looped = read_model(source, many=0)
        if not looped.loops or not names:
            continue
        asked = (
            chance.choice([None, "equations", "operations"]),
            chance.choice(names),
            chance.choice([0, 1, 1, 2]),
        )
        found = drawn(looped, values, *asked)
        if looped.loops:
            compared += 1
            assert found == drawn(right, values, *asked), (number, asked)
    assert compared > 1


PLAIN = SUMS.replace(" + w", "").replace("e[i]*w", "e[i]")
"""Without a parameter that every term of a sum reads."""


@pytest.mark.parametrize("focus", ["e[3]", "a[7]", "e[60]"])
def test_of_long_sums_only_what_is_near_is_drawn(focus: str) -> None:
    source = Source("<text>", PLAIN)
    looped = read_model(source, many=0)
    found = drawn(looped, {}, None, focus, 1)
    assert looped.loops
    assert found == drawn(read_carefully(source), {}, "equations", focus, 1)


def test_large_texts_are_drawn_at_once(tmp_path: Path) -> None:
    text = BIG.replace("20000", "200000")
    for more in ([], ["--focus", "e"], ["--focus", "w"], ["--focus", "e[3]"]):
        ran = backprop("draw", "-e", text, *more, "-o", str(tmp_path / "g.dot"), "--verbose")
        assert ran.status == 0
        assert ran.err.startswith("read as loops over arrays")
        assert "unrolled" not in ran.err.partition("\n")[2]
        drawn = (tmp_path / "g.dot").read_text("utf-8")
        assert ("200,000\\ values" in drawn) == (more != ["--focus", "e[3]"])
    ran = backprop("draw", "-e", text, "--detail", "operations", "-o", "-")
    assert ran.status == 1
    assert "operation by operation, are more than a page can show" in ran.err
    assert "--detail equations" in ran.err
    assert backprop("draw", "-e", text, "--focus", "zz", "-o", "-").err.startswith(
        "error: there is no 'zz' in what leads to L"
    )


def test_what_is_near_many_members_is_too_large() -> None:
    looped = read_model(Source("<text>", BIG), many=0)
    with pytest.raises(TooLarge, match="more than 400 boxes are within 2 of this") as caught:
        commands.draw(Asked(looped, {}, None), None, ["e[3]"], 2, whole=False)
    assert caught.value.hints == ("draw less: --depth 1",)
    assert looped.loops


def near(found: Any, right: Any) -> bool:
    """Whether numbers are the same but for the last digits."""
    if isinstance(right, float):
        return found == pytest.approx(right, rel=1e-11, abs=1e-14)
    if isinstance(right, (list, tuple)):
        return len(found) == len(right) and all(map(near, found, right))
    if isinstance(right, dict):
        return found.keys() == right.keys() and all(near(found[k], right[k]) for k in right)
    return bool(found == right)


def paths_of(model: Model, values: dict[str, float], ways: Sequence[str]) -> Any:
    try:
        found, _ = commands.explain(
            Asked(model, values, None), "equations", ways, [], "both", False
        )
    except TooLarge:
        return None
    return {name: sorted(each) for name, each in found.paths.items()}, found.gradients


def test_paths_are_those_of_the_unrolled_graph(request: pytest.FixtureRequest) -> None:
    compared = looped = 0
    for number in range(200 if request.config.getoption("--whole") else 14):
        text, values = random_indexed(number)
        model = read_model(Source("", text), many=0)
        if not model.loops:
            continue
        whole = read_carefully(Source("", text))
        leading = [*whole.leading(whole.output(None))]
        ways = random.Random(number).sample(leading, min(3, len(leading)))
        found, right = paths_of(model, values, ways), paths_of(whole, values, ways)
        looped += bool(model.loops)
        assert (found is None) == (right is None), number
        if right:
            compared += 1
            assert near(found, right), number
    assert compared > 5
    assert looped > 5


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--paths", "a"], "more than 200 paths lead from a to L"),
        (["--paths", "v[3]"], "the paths from v[3] to L lead through more equations than"),
        # v[0] = b, then n of v, n of y, and n - 1 that add these up
        (["--detail", "operations"], "120,000 steps are more than a person reads"),
    ],
)
def test_what_is_too_much_of_large_families_is_told_at_once(more: list[str], said: str) -> None:
    text = "v[0] = b; v[i] = v[i-1]*a for i in 1..n; y[i] = a*v[i] for i in 1..n; L = sum(y[i] for i in 1..n); "
    text += "n = 40000; a = 0.99; b = 1"
    ran = backprop("explain", "-e", text, *more, "--verbose")
    assert ran.status == 1
    assert said in ran.err
    assert "unrolled after all" not in ran.err


def test_of_members_that_are_not_explained_no_names_are_made() -> None:
    looped = read_model(Source("<text>", BIG), many=0)
    found, gradient = commands.explain(
        Asked(looped, {}, None), "equations", [], ["e[3]"], "both", False
    )
    assert looped.loops
    assert {step.name for step in found.backward} == {"L", "M"}
    assert not looped.naming._made
    assert "index" not in looped.naming.__dict__
    whole = commands.evaluate(read_carefully(Source("<text>", BIG)), {}).gradient
    for mine, right in ((gradient.data, whole.data), (gradient.gradients, whole.gradients)):
        assert len(mine) == len(right)
        assert [*mine] == [*right]
        assert [name in mine for name in ("e", "e[0]", "e[1]", "zz[1]")] == [
            name in right for name in ("e", "e[0]", "e[1]", "zz[1]")
        ]
        assert mine == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("focus", ["x[5]", "h[5]", "h[300]", "z[7]", "x[350]"])
@pytest.mark.parametrize(
    ("more", "loops"),
    [
        ("L = sum(h[i]^2 for i in 1..n) + mean(z[i] for i in 1..n)", True),
        ("L = sum(h[i]*z[i] for i in 1..n)", True),
        ("L = sum((h[i]*1e-200)*(z[i]*1e-200) for i in 1..n)", False),
        ("L = (h[5]*1e-200)*(z[7]*1e-200) + x[9] + h[300]*z[6]*z[8]*x[350]", False),
    ],
)
def test_members_without_a_say_are_drawn_at_once(focus: str, more: str, loops: bool) -> None:
    text = "x[i] = i/n - 0.3003 for i in 1..n; h[i] = relu(w*x[i])*3 for i in 1..n; w = 2; const n = 400"
    source = Source("<text>", f"{text}; z[i] = min(x[i]*w, 0.2) for i in 1..n; {more}; output L")
    looped = read_model(source, many=0)
    found = drawn(looped, {}, "equations", focus, 1)
    if loops:
        assert looped.loops
    assert found == drawn(read_carefully(source), {}, "equations", focus, 1)


KINKED = """const n = 400
x[i] = (i - 200)/10 for i in 1..n
y[i] = abs(x[i])*a + floor(x[i]/7) for i in 1..n
L = sum(y[i]^2 for i in 1..n)/n + max(x[3], x[2] + 0.1)
a = 0.5
"""
"""Corners, jumps and a tie, exactly."""


@pytest.mark.parametrize("only", ["y[200]", "x[200]", "x[270]", "x[3]", "y[7]"])
def test_members_on_corners_and_jumps_are_explained_by_loops(only: str) -> None:
    source = Source("<text>", KINKED)
    looped = read_model(source, many=0)
    found = explained(looped, {}, [only], "text")
    assert looped.loops
    assert found == explained(read_carefully(source), {}, [only], "text")


def test_large_texts_with_corners_are_drawn_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop.derivation.close_ups._TOLD", 0)
    source = Source("<text>", KINKED)
    looped = read_model(source, many=0)
    found, gradient = commands.draw(Asked(looped, {}, None), "equations", ["x[200]"], 1, False)
    assert looped.loops
    right, _ = commands.draw(
        Asked(read_carefully(source), {}, None), "equations", ["x[200]"], 1, False
    )
    assert [box.id for box in found.boxes] == [box.id for box in right.boxes]
    assert near([*map(list, found.boxes)], [*map(list, right.boxes)])
    (note,) = gradient.notes
    assert note.message.startswith("there are corners or jumps exactly here")


def test_of_an_equation_of_very_many_terms_only_numbers_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The derivative by what every term reads, against the sum by hand."""
    monkeypatch.setattr(loop_model, "FEW", 1000)
    text = (
        "n = 20000; a = 0.5; b = 2; x[i] = i/n for i in 1..n; L = sum((a*x[i] + b)^2 for i in 1..n)"
    )
    ran = backprop("explain", "-e", text, "--only", "a, x[3]", "--digits", "12", "--verbose")
    assert "unrolled" not in "".join(ran.err.splitlines()[1:])
    right = sum(2 * (0.5 * i / 20000 + 2) * i / 20000 for i in range(1, 20001))
    (shown,) = re.findall(r"∂L/∂a = ([\d.]+)\n", ran.out)
    assert isclose(float(shown), right, rel_tol=1e-11)
    assert re.search(r"∂L/∂x\[3\] = 2\.00007\d*\n", ran.out)  # 2*(a*x[3] + b)*a
    assert "rule" not in ran.out


def test_numbers_of_a_million_inputs_are_looked_up_where_a_format_has_them() -> None:
    text = "n = 300; x[i] = i for i in 1..n; y[i] = x[i]^2 for i in 1..n; L = sum(y[*])"
    found, _ = commands.explain(
        Asked(read_model(Source("", text), many=0), {}, None),
        "equations",
        [],
        ["y[3]"],
        "both",
        False,
    )
    DOCUMENTS.writer("text")(found, Style(10), False)
    assert "_known" not in vars(found.inputs)
    assert [*found.inputs][:2] == ["x[1]", "x[2]"]
    assert found.inputs["x[3]"] == 3.0
    assert len(found.inputs) == 301
