"""Tables as a person sees them: what stands in their cells, and that they fit where they are shown."""

from __future__ import annotations

import re

import pytest

from backprop import parse
from backprop.checks import check_gradient
from backprop.cli import help as lists
from backprop.descent import Step
from backprop.errors import BackpropError
from backprop.gallery import example
from backprop.language import read_model
from backprop.report.descent_report import DescentReport
from backprop.report.gradient_report import gradient_report
from backprop.reports import table
from backprop.reports.diagnostics import render
from backprop.reports.explain import text
from backprop.reports.progress import Trace
from backprop.reports.style import Style, cells_wide, curve, fitted
from backprop.source import Source
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


def _shown(command: str, name: str, width: int | None, **options: object) -> str:
    """What a terminal of this width has of an example of the gallery, without colours."""
    model = parse(example(name).text)
    result = getattr(model, command)(**options)
    if command == "explain":
        return text.write(result, Style(width=width), False)
    return table.lines(
        DescentReport(result).table() if command == "descend" else result.table(),
        Style(width=width),
    )


CASES = [
    ("grad", "mazur_network", {}), ("check", "logistic_regression", {}), ("check", "exercise_01_product", {"claim": "a = 3"}),
    ("descend", "one_neuron", {"steps": 20}), ("descend", "predator_prey", {"steps": 2, "lr": 1e-6}),
    ("explain", "portfolio", {}), ("explain", "mazur_network", {"detail": "operations"}),
]  # fmt: skip


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize(("command", "name", "options"), CASES)
def test_everything_keeps_to_the_width(
    command: str, name: str, options: dict[str, object], width: int
) -> None:
    shown = _shown(command, name, width, **options)
    assert max(map(cells_wide, shown.splitlines())) <= width
    assert not re.search(r"\d…|…\d", shown)
    if command == "explain":  # nothing is lost, and broken at spaces only
        whole = _shown(command, name, None, **options)
        assert shown.replace(",", "").split() == whole.replace(",", "").split()


def test_columns_without_room_stand_below_with_the_names() -> None:
    model = parse("long_name = 1/3; other = 2/3; L = long_name*other")
    shown = table.lines(model.check().table(), Style(width=40))
    assert len(re.findall(r"^name ", shown, re.M)) == 3
    assert len(re.findall(r"^long_name ", shown, re.M)) == 3
    for word in ("value", "grad", "numeric", "error", "verdict", "agrees"):
        assert word in shown


def test_digits_that_are_asked_for_are_kept() -> None:
    model = parse("a = 1/3; b = 2/3; L = a*b")
    shown = table.lines(model.check().table(), Style(width=40, digits=12))
    assert "0.666666666667" in shown
    assert max(map(len, shown.splitlines())) <= 40


def test_a_line_is_broken_before_its_equality_signs() -> None:
    style = Style(width=20)
    assert fitted("a = 1234567 + 8 = 99 = 5", style) == ["a = 1234567 + 8 = 99", "  = 5"]
    assert fitted("one two three four five six", style, 4) == ["one two three four", "    five six"]
    assert fitted("x" * 30, style) == ["x" * 30]
    assert fitted("a = b" * 30, Style()) == ["a = b" * 30]


@pytest.mark.parametrize("name", ["L", "损失", "a_name_of_twenty_seven_letter"])
@pytest.mark.parametrize("last", [1.2345678901e-7, 24.123456789])
def test_a_curve_keeps_to_the_width_with_all_that_it_says(name: str, last: float) -> None:
    values = [1234.567890123 / (step + 1) for step in range(100)] + [last]
    line = curve(name, values, Style(width=80))
    assert cells_wide(line) <= 80
    assert ("(log)" in line) == (last < 1)
    assert len(re.findall("[▁-█]", line)) >= 8


def test_bounds_take_no_room_from_equations() -> None:
    text = """rate = 1 in 0..1000000000; other = 2
    L = exp(-rate*other)*sin(rate*other)*cos(rate/other + 1); M = 1/L"""
    result = parse(text).grad(of="M")
    cut = table.lines(
        gradient_report(parse(text), [result], [], False, []).table(), Style(width=80)
    )
    assert "bounds" not in cut
    assert re.search(r"^rate +input +1 in 0..1000000000 ", cut, re.M)
    whole = table.lines(
        gradient_report(parse(text), [result], [], False, []).table(), Style(width=140)
    )
    assert re.search(r"^rate +input +1 +1 +0..1000000000 ", whole, re.M)


LONG = "a_very_long_name_of_an_input_that_nobody_would_type_twice_in_a_file_of_equations"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("digits", [None, 5, 10, 17])
@pytest.mark.parametrize(
    ("output", "names"),
    [("L", [LONG, "b"]), (LONG, ["a", "b"]), (LONG, [LONG, LONG]), ("損失" * 30, ["速度" * 30])],
)
def test_steps_of_long_names_keep_to_the_terminal(
    output: str, names: list[str], digits: int | None, width: int
) -> None:
    found = dict.fromkeys(names, -1.2345678901234568e-300)
    step = Step(7, -9.876543210987654e-200, 1e300 / 3, 1e-300 / 7, 0.1, found)
    trace = Trace(output, names, Style(width=width, digits=digits))
    head, row = trace.head(), trace.row(step)
    lines = [line for line in (head + row).splitlines() if not line.startswith("(")]
    assert max(map(cells_wide, lines)) <= width
    assert all(re.fullmatch(r"-?\d(\.\d+)?(e[-+]\d+)?", each) for each in row.split())
    piped = Trace(output, names, Style(digits=digits)).head()
    assert all(name in piped for name in (output, *names))


def test_all_tables_have_the_same_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Trace("L", ["a", "b"], Style(width=80)).head().splitlines()
    assert lines[1] == "─" * len(lines[0])
    assert set(Trace("L", ["a", "b"], Style()).head().splitlines()[1]) == {"-", " "}
    for words in (["example"], ["help"]):
        assert re.search(r"^-+  -+$", backprop(*words).out, re.M)
        with monkeypatch.context() as patched:
            patched.setattr(lists, "style_for", lambda stream: Style(width=80))
            shown = backprop(*words).out
        assert re.search(r"^─+$", shown, re.M)
        assert "---" not in shown


FAMILY = "x[i] = 1/i for i in 1..20; z = 2; L = sum(x[i]^2 for i in 1..20) + z"


def test_a_family_is_checked_in_one_row_with_its_worst_member() -> None:
    out = backprop("check", "-e", FAMILY).out
    titles, _, family, single = (re.split(r"  +", line) for line in out.splitlines()[2:6])
    assert titles[:3] == ["name", "value", "worst"]
    assert family[:2] == ["x[1..20]", "20 values"]
    assert family[-1] == single[-1] == "agrees"
    found = {each.name: each for each in check_gradient(parse(FAMILY)).checks}
    furthest = max(found.values(), key=lambda each: each.relative)
    assert family[2] == furthest.name
    assert float(family[3]) == pytest.approx(2 / int(furthest.name[2:-1]))
    assert "all 21 gradients agree" in out


def test_all_members_are_checked_in_rows_of_their_own_if_asked_and_in_csv() -> None:
    for more in (["--all"], ["--format", "csv"], ["--format", "json"]):
        out = backprop("check", "-e", FAMILY, *more).out
        assert [f"x[{at}]" in out for at in range(1, 21)] == [True] * 20
        assert "worst" not in out


def test_only_some_inputs_are_checked() -> None:
    ran = backprop("check", "-e", FAMILY, "--only", "x[19..20], z")
    assert [line.split()[0] for line in ran.out.splitlines()[4:7]] == ["x[19]", "x[20]", "z"]
    assert "all 3 gradients agree" in ran.out
    wrong = backprop("check", "-e", FAMILY, "--only", "q")
    assert (wrong.status, wrong.out) == (1, "")
    assert "there is no 'q' in the inputs of L\n  = the names are: z, x[1..20]\n" in wrong.err
    claimed = backprop("check", "-e", FAMILY, "--only", "z", "--claim", "dz = 1")
    assert (claimed.status, claimed.out) == (2, "")


def test_notes_on_a_family_are_few_and_wrong_members_come_first() -> None:
    text = "x[i] = if(i == 7, 1, 0) for i in 1..20; L = sum(abs(x[i]) for i in 1..20)"
    out = backprop("check", "-e", text).out
    assert "20 values  x[1]" in out
    assert "corner: 19, agrees: 1" in out
    assert out.count("corner: the slope is") == 3
    assert "x[1..20]: 16 more like these, which --all shows" in out


def test_names_are_proposed_families_as_one_and_scalars_first() -> None:
    err = backprop("grad", "-e", FAMILY, "--only", "q").err
    assert "the names are: z, L, x[1..20]\n" in err


@pytest.mark.parametrize("width", [80, 60, 40])
def test_an_error_keeps_to_the_width_with_its_caret_under_its_place(width: int) -> None:
    text = "loss = mean((guess[i] - target[i])^2 for i in 1..3) + 0.5*unknown(weight) + bias"
    with pytest.raises(BackpropError) as caught:
        read_model(Source("a_long_file_name.eq", text))
    caught.value.hints = (*caught.value.hints, "say in some more words what to do " * 3)
    lines = render([caught.value], "error", Style(width=width)).splitlines()
    assert max(map(cells_wide, lines)) <= width
    at = next(n for n, line in enumerate(lines) if line.startswith("  1 | "))
    start = lines[at + 1].index("^")
    assert lines[at][start:].startswith("unknown")
    whole = render([caught.value], "error", Style()).splitlines()
    assert " ".join(" ".join(lines[:at]).split()) == whole[0]
    copied = BackpropError(
        "no", hints=["write " + " ".join(["backprop", *"abcdefghijklmnopqrstuvwxyz" * 3])]
    )
    assert len(render([copied], "error", Style(width=width)).splitlines()) == 2


def test_the_library_checks_some_inputs_too() -> None:
    model = parse(FAMILY)
    assert [row["name"] for row in next(iter(model.check(only=["z"]).objects()))["inputs"]] == ["z"]
    assert "x[7] " in str(model.check(all=True))
    assert "x[7] " not in str(model.check())


def test_an_error_that_is_shown_in_a_notebook_has_its_caret_and_its_hint() -> None:
    with pytest.raises(BackpropError) as caught:
        parse("y = tahn(x)")
    written: list[str] = []
    printer = type("Printer", (), {"text": lambda self, text: written.append(text)})()
    caught.value._repr_pretty_(printer, False)
    assert written == [str(caught.value)]
    assert "^^^^" in written[0]
    assert "did you mean 'tanh'?" in written[0]
