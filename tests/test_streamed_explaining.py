"""`explain --row` of tables that memory does not hold, beside the same of tables in memory."""

import json
import re

import pytest

from running import backprop

ROWS = "x,y,county,site\n" + "".join(
    f"{(at % 17) / 8 + 0.125},{(at * 7 % 11) / 4 - 1},{at % 3 + 1},{'ns'[at % 2]}\n"
    for at in range(60)
)
TEXTS = [
    "m = a*exp(-b*x); L = mean((y - m)^2); a = 1.5; b = 0.5",
    """z = (x - mean(x))/s; const s = 2; v[i] = w[i]*z for i in 1..3; w[i] = i for i in 1..3
    q[i] = mean(v[i]^2*y) for i in 1..3; L = sum(q[i]*c for i in 1..3) + count(x)*c; c = 0.5""",
    "m = alpha[county] + b*x; L = sum((m - y)^2); alpha[k] = 0.1*k for k in 1..3; b = 2",
    'm = if(site == "n", a*x, b*y); L = sum(m^2); a = 1.25; b = 2',
    "m = a*x; L = max(m) + min(m*y); a = 1.5",
    "m = a*x; L = prod(1 + m/100) + logsumexp(m*b); a = 1.5; b = 2",
    "f(x) = x^2 + c; m = f(y*a); L = sum(m) + c; a = 1.5; c = 3",
]


@pytest.mark.parametrize("row", [1, 2, 31, 60])
@pytest.mark.parametrize("text", TEXTS)
def test_numbers_of_a_row_are_those_of_the_table_in_memory(tmp_path, monkeypatch, text, row):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    asked = "explain", "-e", text, "--of", "L", "--data", "rows.csv", "--row", str(row)
    larger, held = (
        backprop(*asked, "--format", "json", *more) for more in (("--memory", "100"), ())
    )
    assert larger.status == held.status == 0, larger.err
    whole = backprop(
        "grad", "-e", text, "--of", "L", "--data", "rows.csv", "--format", "json", "--all"
    )
    truth = json.loads(whole.out)
    found = json.loads(larger.out)
    assert found["value"] == pytest.approx(truth["value"], rel=1e-13)
    seen = 0
    assert {"sum1"} <= {step["name"] for step in found["forward"]}
    for step in found["forward"]:
        if step["name"] in truth["data"]:
            seen += 1
            assert step["value"] == pytest.approx(truth["data"][step["name"]], rel=1e-12)
    for step in found["backward"]:
        if step["name"] in truth["gradients"]:
            for share in step["shares"]:
                slope = truth["gradients"][step["name"]]
                assert share["upstream"] == pytest.approx(slope, rel=1e-12, abs=1e-300)
    assert seen >= 2
    assert "(sum1/count1)" not in larger.out
    assert re.search(rf"\bm\[{row}\]|v\[1, ?{row}\]", larger.out)


@pytest.mark.parametrize("text", [
    "L = mean((y - a*exp(-b*x))^2); a = 1.5; b = 0.5",
    "L = 0.5 - mean((y - alpha[county]*x)^2)/c; alpha[k] = 0.1*k for k in 1..3; c = 2",
    'L = sum(if(site == "n", a*x, b*y)^2); a = 1.25; b = 2',
])  # fmt: skip
def test_where_no_equation_is_of_a_row_alone_its_part_of_each_slope_is_there(
    tmp_path, monkeypatch, text
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    asked = "explain", "-e", text, "--data", "rows.csv", "--row", "4", "--format", "json"
    held, larger = (backprop(*asked, *more) for more in ((), ("--memory", "100")))
    assert held.status == 0, held.err
    found, same = json.loads(held.out), json.loads(larger.out)
    assert [each["name"] for each in found["forward"]] == [e["name"] for e in same["forward"]]
    # the slope over all rows without this one, beside the share that is shown of it
    lines = ROWS.splitlines()
    (tmp_path / "rest.csv").write_text("\n".join([*lines[:4], *lines[5:], ""]))
    whole, rest = (
        json.loads(backprop("grad", "-e", text, "--data", path, "--format", "json").out)
        for path in ("rows.csv", "rest.csv")
    )
    weight = 59 / 60 if "mean" in text else 1
    shares = {
        share["by"]: share["product"] for step in found["backward"] for share in step["shares"]
    }
    seen = 0
    for name in ("a", "b", "alpha[1]"):
        if name in shares:
            seen += 1
            right = whole["gradients"][name] - weight * rest["gradients"][name]
            assert shares[name] == pytest.approx(right, rel=1e-9)
    assert seen


def test_many_rows_are_explained_one_at_a_time(tmp_path):
    path = tmp_path / "rows.csv"
    for count in (300, 301):
        path.write_text("x\n" + "".join(f"{at}\n" for at in range(count)))
        given = ("explain", "-e", "L = mean((x - a)^2); a = 2", "--data", str(path))
        ran = backprop(*given)
        assert ran.status == (count > 300)
    assert ran.out == ""
    assert "301 rows of data are more than a person reads" in ran.err
    assert "= explain one: --row 1" in ran.err
    for more in (["--row", "1"], ["--all"], ["--only", "a"], ["--paths", "a"]):
        assert backprop(*given, *more).status == 0
