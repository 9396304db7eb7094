"""Command lines that are not what their writer meant: the hint, typed as it stands, is what was meant."""

import json
import shlex
from pathlib import Path

import pytest

from backprop import load, parse
from backprop.cli import other_words
from backprop.cli.help import COMMANDS
from backprop.cli.run import command
from backprop.errors import BadOption, CannotRead
from backprop.options import fields
from running import backprop

FILE = "y = x^2; x = 3"
OTHER = "L = a*b; a = 2; b = -3"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("eqs.txt").write_text(FILE)
    Path("other.eq").write_text(OTHER)
    Path("a.csv").write_text("x,y\n0,0\n1,2\n2,4\n")


# what is typed, the line of the hint, and the value of the output by hand
LINES = [
    ("grad --set x = 3", 'grad --set "x = 3"', 9),
    ("grad eqs.txt --set x = 4", 'grad eqs.txt --set "x = 4"', 16),
    ("grad eqs.txt --set x = -4", 'grad eqs.txt --set "x = -4"', 16),
    ("grad eqs.txt --set x= 4", 'grad eqs.txt --set "x= 4"', 16),
    ("grad eqs.txt --set x =4", 'grad eqs.txt --set "x =4"', 16),
    ("grad -e y = x^2 --set x=5", 'grad -e "y = x^2" --set x=5', 25),
    ("grad -e y= x^2 --set x=5", 'grad -e "y= x^2" --set x=5', 25),
    ("grad -e y = -x --set x=5", 'grad -e "y = -x" --set x=5', -5),
    ("grad -e y = max(x, 2) --set x=5", 'grad -e "y = max(x, 2)" --set x=5', 5),
    ("grad -e u=x^2 y=3*u --set x=1", 'grad -e "u=x^2; y=3*u" --set x=1', 3),
    ("grad --expr=y = x --set x=1", 'grad "--expr=y = x" --set x=1', 1),
    ("grad other.eq --set a=4, b=5", 'grad other.eq --set "a=4, b=5"', 20),
    ("grad other.eq --set a=4 b=5", 'grad other.eq --set "a=4, b=5"', 20),
    ("grad --set a=4, b=5 other.eq", 'grad --set "a=4, b=5" other.eq', 20),
    ("grad --format json --set x = 3", 'grad --format json --set "x = 3"', 9),
    ("grad other.eq a=4", "grad other.eq --set a=4", -12),
    ("grad y=5^2", 'grad -e "y=5^2"', 25),
    ("y=5^2", 'grad -e "y=5^2"', 25),
    ("other.eq", "grad other.eq", -6),
    ("differentiate other.eq", "grad other.eq", -6),
    ("grad other.eq -set a=4", "grad other.eq --set a=4", -12),
    ("grad other.eq --a 4", "grad other.eq --set a=4", -12),
    ("grad other.eq --a=4", "grad other.eq --set a=4", -12),
    ("grad other.eq --json", "grad other.eq --format json", -6),
    ("grad other.eq --output-format=json", "grad other.eq --format=json", -6),
    ("grad other.eq --sett a=4", "grad other.eq --set a=4", -12),
    ("grad other.eq --precision 3", "grad other.eq --digits 3", -6),
    ("descend --learning-rate 0.25 --steps 1", "descend --lr 0.25 --steps 1", 2.25),
    ("descend --learning_rate=0.25 --steps 1", "descend --lr=0.25 --steps 1", 2.25),
    ("descend --lr 0.25 --max-iter 1", "descend --lr 0.25 --steps 1", 2.25),
    ("descend --lr 0.25 --iters 1", "descend --lr 0.25 --steps 1", 2.25),
    ("descend -e y=x^2;x=3 --learning-rate 0.25 --steps 1",
     'descend -e "y=x^2;x=3" --lr 0.25 --steps 1', 2.25),
    ("grad -e y=5*x -x 3", 'grad -e "y=5*x" --set x=3', 15),
    ("grad -e y = -x - 3 --set x=5", 'grad -e "y = -x - 3" --set x=5', -8),
    ("minimize --lr 0.25 --steps 1", "descend --lr 0.25 --steps 1", 2.25),
    ("descend --lr 0.25 --steps 1 --optimiser gd", "descend --lr 0.25 --steps 1 --optimizer gd", 2.25),
    ("descend other.eq --lr 0.25 --steps 1 --fixed b", "descend other.eq --lr 0.25 --steps 1 --freeze b", -8.25),
    ("grad -e y = x^2 --set x = 5", 'grad -e "y = x^2" --set "x = 5"', 25),
    ("grad other.eq --wrt a b", 'grad other.eq --wrt "a, b"', -6),
    ("grad other.eq --only a L --set a=4", 'grad other.eq --only "a, L" --set a=4', -12),
    ("descend --lr 0.25 --steps 1 --minimize", "descend --lr 0.25 --steps 1", 2.25),
    ("descend --minimise --lr 0.25 --steps 1", "descend --lr 0.25 --steps 1", 2.25),
    ("descend --lr 0.25 --steps 1 --bound x=0..5", "descend --lr 0.25 --steps 1 --bounds x=0..5", 2.25),
    ("grad x^2*2 --set x=5", 'grad -e "f = x^2*2" --set x=5', 50),
    ("gradients x^2*2 --set x=5", 'grad -e "f = x^2*2" --set x=5', 50),
    ("explain x^2*2 --set x=5", 'explain -e "f = x^2*2" --set x=5', 50),
    ("eig x^2*2 --set x=5", 'hessian -e "f = x^2*2" --set x=5', 50),
    ("maximize --lr 0.25 --steps 1", "descend --maximize --lr 0.25 --steps 1", 20.25),
    ("gd --lr 0.25 --steps 1", "descend --optimizer gd --lr 0.25 --steps 1", 2.25),
    ("grad other.eq --native", "grad other.eq --engine native", -6),
    ("grad other.eq --start a=4", "grad other.eq --set a=4", -12),
    ("grad other.eq --var a", "grad other.eq --wrt a", -6),
    ("grad other.eq --var a=4", "grad other.eq --set a=4", -12),
    ("grad other.eq --set a=4 -v", "grad other.eq --set a=4 --verbose", -12),
    ("fit a.csv -e y~a*x", 'fit --data a.csv -e "y~a*x"', 0),
    ("jacobian --of a.csv eqs.txt other.eq --set x=3", 'jacobian --of "*" --set x=3', None),
    ("fit --data a.csv y~a*x", 'fit --data a.csv -e "y~a*x"', 0),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "mended", "value"), LINES)
def test_the_line_of_the_hint_is_what_was_meant(
    typed: str, mended: str, value: float | None
) -> None:
    ran = backprop(*typed.split())
    assert ran.status == 2
    assert ran.out == ""
    *_, hint = ran.err.splitlines()
    assert hint.strip() == f"= write backprop {mended}"
    words = [*shlex.split(mended)]
    again = backprop(*words, *([] if "--format" in mended else ["--format", "json"]))
    assert again.status == 0, again.err
    assert json.loads(again.out).get("value") == value


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("grad --of", ["--of needs a value behind it", "backprop grad -h"]),
        ("grad --zzz", ["no option --zzz", "backprop grad -h"]),
        ("grad eqs.txt other.eq", ["one too many", "cat eqs.txt other.eq | backprop grad -"]),
        ("gard", ["no command 'gard'", "did you mean 'grad'?"]),
        ("zzz", ["no command 'zzz'", "there are grad, jacobian"]),
        ("--versio", ["no such option: --versio", "backprop -h"]),
        ("grad --lr 0.1", ["no option --lr", "it is an option of backprop descend"]),
        ("grad --detail names", ["it is an option of backprop explain, draw"]),
        ("page --format svg", ["no option --format", "-o lesson.html"]),
        ("descend --epochs", ["--epochs needs a value behind it"]),
        ("descend --lr 0.25 --epochs 1", ["--epochs", "add --batch N"]),
        ("descend --steps 1.5", ["--steps takes a whole number, not '1.5'"]),
        ("descend --steps x", ["--steps takes a whole number, not 'x'"]),
        ("descend --steps 1e999", ["--steps 1e999"]),
        ("descend --steps nan", ["--steps takes a whole number"]),
        ("descend --lr 0,1", ["--lr takes a number, not '0,1'", "write 0.1"]),
        ("descend --lr 1,000", ["write 1000", "write 1.000"]),
        ("grad --digits 99", ["--digits 99: it is at most 17"]),
        ("grad --digits 0", ["--digits 0: it is at least 1"]),
        ("grad missing.eq", ["no file missing.eq", "a text goes after -e"]),
        ("grad eqs.txt --values missing", ["no file missing", "numbers themselves go after --set"]),
        ("check eqs.txt --claims missing", ["no file missing", "itself goes after --claim"]),
        ("-e L=2*x", ["stands in front of its options", 'write backprop grad -e "L=2*x"']),
        ("--set a=2 grad eqs.txt", ["write backprop grad --set a=2 eqs.txt"]),
        ("--lr 1 eqs.txt", ["write backprop descend --lr 1 eqs.txt"]),
        ("--verbose grad", ["write backprop grad --verbose"]),
        ("-x", ["no such option: -x"]),
        ("grad other.eq --zeta 4", ["no option --zeta", "backprop grad -h"]),
        ("grad other.eq --a 4,5", ["no option --a", "backprop grad -h"]),
        ("descend --momentum 0.9", ["no option --momentum", "backprop descend -h"]),
        ("descend --x0 0", ["no option --x0", "backprop descend -h"]),
        ("fit a*x --data a.csv", ['write a model of a column y: -e "y ~ a*x"']),
        ("derivative x^2", ['write backprop diff "x^2"']),
        ("taylor x^2", ['write backprop jacobian --along x=1 --order 5 -e "f = x^2"']),
        ("diff x^2 --nested", ['write backprop diff "x^2" --shape nested']),
        ("diff x^2 --table", ["no option --table", "backprop diff -h"]),
        ("diff x^2 --markdown", ['write backprop diff "x^2" --format markdown']),
        ("diff x^2 -n 2", ['write backprop diff "x^2" --order 2']),
        ("version eqs.txt", ["write backprop --version\n"]),
    ],
)
def test_what_no_line_can_mend_is_said(typed: str, says: list[str]) -> None:
    ran = backprop(*typed.split())
    assert (ran.status, ran.out) == (2, "")
    assert all(each in ran.err for each in says), ran.err
    assert not any(each in ran.err for each in ("Usage", "Traceback", "Input should", "Invalid"))


def test_a_table_in_the_place_of_equations_is_told_as_data() -> None:
    err = backprop("grad", "a.csv").err
    assert "error: a table where equations are due" in err
    assert err.endswith("= write backprop grad --data a.csv\n")
    Path("eqs.txt").unlink()
    hint = 'backprop fit --data a.csv -e "y ~ a + b*x"'
    assert backprop("fit", "a.csv").err.endswith(f"= write {hint}\n")
    ran = backprop(*shlex.split(hint)[1:], "--format", "json")
    assert json.loads(ran.out)["parameters"]["b"] == pytest.approx(2)


def test_whole_numbers_may_have_an_exponent() -> None:
    ran = backprop("descend", "--lr", "0.25", "--steps", "1e0", "--format", "json")
    assert json.loads(ran.out)["value"] == 2.25
    assert backprop("descend", "--lr", "0.25", "--steps", "1e4").status == 0


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("tahn", "tanh"), ("sqtr", "sqrt"), ("sigmoi", "sigmoid"), ("exxp", "exp"), ("Sin", "sin")],
)
def test_letters_that_changed_places_are_nearer_than_a_shorter_name(wrong: str, near: str) -> None:
    assert f"did you mean {near!r}?" in backprop("grad", "-e", f"y = {wrong}(2)").err


@pytest.mark.parametrize(
    ("name", "of"), [("x", "xy"), ("loss", "L"), ("alpha", "beta"), ("temp", "time"), ("w1", "b1")]
)
def test_a_name_of_another_meaning_is_not_proposed(name: str, of: str) -> None:
    err = backprop("grad", "-e", f"y = 2*{of}", "--set", f"{name}=3").err
    assert "did you mean" not in err
    assert f"the names are: {of}" in err


def test_utf_16_is_known_with_a_mark_and_without(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        (tmp_path / "u.eq").write_bytes(FILE.encode(encoding))
        ran = backprop("grad", "u.eq")
        assert (ran.status, "UTF-16" in ran.err, "UTF-8" in ran.err) == (2, True, True)


def test_what_comes_down_a_pipe_needs_a_dash() -> None:
    Path("eqs.txt").unlink()
    assert "write - as the file" in backprop("grad", stdin=b"y = 2").err
    assert backprop("grad", "-", stdin=b"y = 2").status == 0


def test_other_words_stand_for_options_and_commands_that_there_are() -> None:
    flags = {
        flag for name in COMMANDS for each in fields(command(name)) for flag in each.option.flags
    }
    assert other_words.OPTIONS.keys() <= flags
    assert other_words.COMMANDS.keys() <= set(COMMANDS)


@pytest.mark.parametrize(("call", "of"), [("boundd(x, 2, 3)", "round"), ("sinn(x, 2)", "sin")])
def test_a_function_of_another_number_of_arguments_is_not_proposed(call: str, of: str) -> None:
    assert f"did you mean {of!r}?" not in backprop("grad", "-e", f"y = {call}; x = 1").err


@pytest.mark.parametrize("name", ["LeakyReLU", "Leaky_Relu", "leakyRELU"])
def test_capital_letters_do_not_hide_a_function(name: str) -> None:
    assert "did you mean 'leaky_relu'?" in backprop("grad", "-e", f"y = {name}(x); x = 1").err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("y(x) = x^2; x = 1", ["for an equation write y = x^2", "for a call add y = y(x)"]),
        ("f(x) = x^2; y = 3; x = 1", ["for an equation write f = x^2", "for a call add L = f(x)"]),
        ("f(x) = x^2", ["= add y = f(x)"]),
    ],
)
def test_functions_that_nothing_uses_are_no_equations(text: str, says: list[str]) -> None:
    ran = backprop("grad", "-e", text)
    assert (ran.status, ran.out) == (2, "")
    for each in ["only functions, and no equation that uses them", *says]:
        assert each in ran.err


def test_numbers_from_functions_and_a_chosen_output_compute_something() -> None:
    assert backprop("grad", "-e", "f(x) = x^2; a = f(2)").out.startswith("a = 4\n")
    assert backprop("grad", "-e", "f(x) = x^2; a = 3; output a").out.startswith("a = 3\n")


@pytest.mark.parametrize("left", ["d/da y", "d/da(y)", "d y/d a"])
def test_a_claim_of_an_operator_is_told_as_a_fraction(left: str) -> None:
    text = "y = a*x; a = 2; x = 3"
    assert "= write dy/da\n" in backprop("check", "-e", text, "--claim", f"{left} = 3").err
    assert backprop("check", "-e", text, "--claim", "dy/da = 3").status == 0


@pytest.mark.parametrize("left", ["grad a", "gradient of a", "a.grad", "∇a"])
def test_a_claim_of_a_gradient_is_told_as_a_differential(left: str) -> None:
    text = "y = a*x; a = 2; x = 3"
    assert "= write da\n" in backprop("check", "-e", text, "--claim", f"{left} = 3").err
    assert backprop("check", "-e", text, "--claim", "da = 3").status == 0


@pytest.mark.parametrize("left", ["dy by da", "slope a", "y wrt a"])
def test_a_claim_in_words_is_not_glued_together(left: str) -> None:
    err = backprop("check", "-e", "y = a*x; a = 2; x = 3", "--claim", f"{left} = 3").err
    assert "= write da = 6, dL/da = f*b or" in err


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("k", "'k' is const in the equations, so that no check moves it"),
        ("c", "y does not depend on 'c'"),
        ("y", "'y' is computed by its equation, and inputs are checked"),
        ("q", "there is no 'q' in the inputs of y"),
    ],
)
def test_a_check_says_why_a_name_is_not_checked(name: str, says: str) -> None:
    text = "const k = 2; y = a*x + k; a = 2; x = 3; c = 4; z = c; output y"
    ran = backprop("check", "-e", text, "--only", name)
    assert (ran.status, ran.out) == (1, "")
    assert says in ran.err


# an option and what is typed, and the words of its hint that are typed instead; the numbers by hand
NUMBERS = [
    ("--lr", "1/10", "0.1"), ("--lr", "10%", "0.1"), ("--lr", "10^-2", "0.01"), ("--lr", "1e−3", "0.001"), ("--steps", "1k", "1000"),
    ("--steps", "10^3", "1000"), ("--target", "-1/8", "-0.125"), ("--every", "5 steps", "5"), ("--width", "640px", "640"),
    ("--width", "640 px", "640"), ("--width", "5in", "480"), ("--width", "12.7cm", "480"),
    ("--optimizer", "adam,lr=0.1", "--optimizer adam --lr 0.1"), ("--optimizer", "adam lr=0.1", "--optimizer adam --lr 0.1"),
    ("--optimizer", "adam:beta1=0.8", '--optimizer "adam(beta1=0.8)"'), ("--optimizer", "adam(beta1=0.8", '--optimizer "adam(beta1=0.8)"'),
    ("--optimizer", "adam,beta1=0.8,lr=0.1", '--optimizer "adam(beta1=0.8)" --lr 0.1'),
    ("--schedule", "step,rate=0.5,every=9", '--lr 1 --schedule "step(rate=0.5, every=9)"'),
]  # fmt: skip


@pytest.mark.parametrize(("flag", "typed", "meant"), NUMBERS)
def test_the_number_of_an_option_that_is_written_otherwise(
    flag: str, typed: str, meant: str
) -> None:
    plot = ["--plot", "a.svg"] if flag in ("--width", "--every") else []
    lr = ["--lr", "1"] if flag == "--schedule" else []
    ran = backprop("descend", *plot, *lr, flag, typed)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].strip() == f"= write {meant.removeprefix('--lr 1 ')}"
    words = shlex.split(meant if meant.startswith("--") else f"{flag} {meant}")
    assert backprop("descend", *plot, *words).status == 0


@pytest.mark.parametrize("typed", ["50%", "1e3x", "1/3", "nothing", "3 apples"])
def test_what_is_no_whole_number_gets_no_number_for_a_hint(typed: str) -> None:
    assert "write" not in backprop("descend", "--steps", typed).err


@pytest.mark.parametrize(
    "line",
    [
        "hessian --wrt",
        "jacobian --of",
        "jacobian --only",
        "diff --wrt",
        "grad --of",
        "check --only",
    ],
)
def test_options_of_names_are_not_empty(line: str) -> None:
    command, flag = line.split()
    for text in ("", " ", ","):
        ran = backprop(command, "-e", "L = x^2*y", "--set", "x=1, y=2", flag, text)
        assert (ran.status, ran.out) == (2, "")
        assert f"{flag} is empty" in ran.err


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("x=1", "x == 1"),
        ("site=north", 'site == "north"'),
        ("x<2 and site = 'north'", "x<2 and site == 'north'"),
        ("site == north", '"north"'),
    ],
)
def test_a_condition_with_one_sign_too_few(typed: str, mended: str) -> None:
    Path("b.csv").write_text("x,site\n0,south\n1,north\n2,north\n")
    line = ["grad", "-e", "L = sum(x)", "--data", "b.csv", "--where"]
    ran = backprop(*line, typed)
    assert (ran.status, ran.out) == (2 if "==" not in typed else 1, "")
    assert ran.err.endswith(f"{mended}\n")
    if mended != '"north"':
        right = 3 if "site" in mended and "x" not in mended else 1
        assert backprop(*line, mended).out.startswith(f"L = {right}\n")


@pytest.mark.parametrize(
    ("text", "lr", "says"),
    [
        ("L = x^4; x = 2", "1", "it is beyond 1.8e308"),
        ("L = (x - 3)^2 - log(x); x = 2", "3", "log(x) needs x > 0"),
    ],
)
def test_a_step_that_leaves_all_numbers_was_too_large(text: str, lr: str, says: str) -> None:
    err = backprop("descend", "-e", text, "--lr", lr).err
    assert says in err
    assert err.endswith(f"= take a smaller --lr, such as {float(lr) / 10:g}\n")


@pytest.mark.parametrize(
    ("option", "typed", "meant"),
    [
        ("--schedule", "cos", "cosine"),
        ("--schedule", "lin", "linear"),
        ("--optimizer", "new", "newton"),
        ("--optimizer", "ada", None),
    ],
)
def test_the_beginning_of_one_choice_alone_is_that(
    option: str, typed: str, meant: str | None
) -> None:
    err = backprop("descend", option, typed).err
    assert (f"did you mean {meant!r}?" in err) == (meant is not None)


def test_a_part_of_a_direction_is_separated_as_numbers_are() -> None:
    for name, flag in (("jacobian", "--along"), ("hessian", "--times"), ("grad", "--set")):
        ran = backprop(name, "other.eq", f"{flag}=a=1 b=2")
        assert ran.err.endswith("= write a=1, b=2\n")
        assert backprop(name, "other.eq", f"{flag}=a=1, b=2").status == 0


def test_a_descent_in_python_says_where_numbers_go() -> None:
    with pytest.raises(TypeError, match=r"numbers of inputs go in front, as \{'x': 1.0\}"):
        parse("y = x^2").descend(x=3)


def test_a_default_is_told_once() -> None:
    for name in ("hessian", "descend", "fit", "grad"):
        text = " ".join(backprop(name, "-h").out.split())
        for part in text.split(" --"):
            assert part.count("efault: ") <= 1, part


@pytest.mark.parametrize(
    "left", ["d2y/dx2", "d2y/dxdx", "d²y/dx²", "∂²y/∂x²", "d^2y/dx^2", "d2y/dx", "∂²y/∂x∂k"]
)
def test_a_claim_of_a_second_derivative_is_told_as_one_of_a_first(left: str) -> None:
    text = "y = k*x^3; x = 2; k = 5"
    ran = backprop("check", "-e", text, "--claim", f"{left} = 60")
    assert (ran.status, ran.out) == (2, "")
    assert "claims are about first derivatives" in ran.err
    assert "name the first in the equations, g = derivative(y, x), and claim dg/dx" in ran.err
    named = f"{text}; g = derivative(y, x); output g"
    assert backprop("check", "-e", named, "--claim", "dg/dx = 60").status == 0


def test_names_that_look_like_second_derivatives_are_names() -> None:
    text = "y = 3*d2x + d2; d2x = 2; d2 = 1"
    for claim in ("dy/dd2x = 3", "d2x = 3", "dd2 = 1", "d2 = 1"):
        assert backprop("check", "-e", text, "--claim", claim).status == 0


def test_in_python_a_table_and_a_number_are_no_equations() -> None:
    with pytest.raises(BadOption, match=r"a\.csv is a table") as caught:
        load("a.csv")
    assert "backprop.read_data('a.csv')" in caught.value.hints[0]
    with pytest.raises(TypeError, match="parse takes a text, not int: load reads a file"):
        parse(3)  # type: ignore[arg-type]
    with pytest.raises(CannotRead):
        load("nowhere.csv")
