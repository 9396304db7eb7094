"""Tables larger than memory, and texts without their data yet, in the library and in pictures."""

import copy
import pickle
import re

import pytest

import backprop as library
from backprop.errors import BackpropError, BadData, BadOption, NeedsData
from running import backprop
from test_streamed_explaining import ROWS, TEXTS

TEXT = TEXTS[0]
DATA = {"x": [1.0, 2.0], "y": [1.0, 0.5]}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    return "rows.csv"


@pytest.mark.parametrize("text", TEXTS)
def test_gradients_are_those_of_tables_in_memory(rows, text):
    held = library.parse(text, data=library.read_data(rows)).grad(of="L")
    larger = library.parse(text, data=library.read_data(rows, memory=100)).grad(of="L")
    assert larger.value == pytest.approx(held.value, rel=1e-13)
    assert set(larger.gradients) == {
        n for n in held.gradients if not re.search(r"[xymz]\[|v\[|y\[|county|site", n)
    }
    for name, slope in larger.gradients.items():
        assert slope == pytest.approx(held.gradients[name], rel=1e-12, abs=1e-14), name
        assert larger.data[name] == pytest.approx(held.data[name], rel=1e-12), name


def test_verbs_go_through_tables_larger_than_memory(rows):
    held = library.parse(TEXT, data=library.read_data(rows))
    larger = library.parse(TEXT, data=library.read_data(rows, memory="100"))
    assert larger.descend().value == pytest.approx(held.descend().value, rel=1e-9)
    assert larger.hessian().matrix == pytest.approx(held.hessian().matrix, rel=1e-10)
    assert larger.check().right
    for each in (larger, held):
        assert "m[7] = " in str(each.explain(row=7))
    assert "m[1..60]" in larger.draw().source
    assert (
        library.parse(TEXT).over(library.read_data(rows, memory=1)).grad().value
        == larger.grad().value
    )


def test_what_needs_all_rows_says_so(rows):
    larger = library.parse(TEXT, data=library.read_data(rows, memory=100))
    for ask in (lambda: larger.values, larger.table, lambda: library.compile(larger)):
        with pytest.raises(BadData, match=r"rows\.csv is larger than memory"):
            ask()
    with pytest.raises(BadData, match="one row is explained at a time"):
        larger.explain()
    with pytest.raises(BadOption, match="there is no row 61"):
        larger.explain(row=61)
    with pytest.raises(BadData, match="and <data> is not"):
        library.parse(TEXT, data=[*library.read_data(rows, memory=100), {"t": [1.0]}])
    with pytest.raises(BadOption, match="'7Q' is no size"):
        library.read_data(rows, memory="7Q")


def test_a_text_that_gathers_rows_may_come_before_its_data():
    model = library.parse(TEXT)
    truth = library.parse(TEXT, data=DATA).grad()
    assert model.grad(data=DATA) == truth
    assert model.over(DATA).grad() == truth
    assert library.compile(model, data=DATA)([1.5, 0.5])[0] == truth.value
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.grad(a=2, data=DATA) == model.grad(a=2, data=DATA)
    assert repr(model) == str(model) == "Model(<text>: no data yet)"
    for ask in (model.grad, model.descend, model.table, lambda: model.values, lambda: model.names):
        with pytest.raises(NeedsData, match="gathers the rows of data, and there is no data"):
            ask()
    sized = library.parse("m = w[1]*x; L = mean(m); w[i] = 2 for i in 1..n", sizes={"n": 3})
    assert sized.grad(data=DATA).value == library.compile(sized, data=DATA)([2, 2, 2][:1])[0] == 3


def test_other_mistakes_do_not_wait_for_data():
    for text in ("L = mean(x) + sun(x)", "L = sum(w); w[i] = 1 for i in 1..3", "L = mean(x"):
        with pytest.raises(BackpropError):
            library.parse(text)


def _said(picture: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<text[^>]*>[^<]*", picture)]


@pytest.mark.parametrize("text", [TEXTS[0], TEXTS[2], TEXTS[4], TEXTS[6]])
def test_pictures_are_those_of_tables_in_memory(rows, text):
    asked = "draw", "-e", text, "--data", rows, "--of", "L", "-o", "-"
    larger, held = (backprop(*asked, *more) for more in (("--memory", "100"), ()))
    assert larger.status == held.status == 0, larger.err
    lines = _said(larger.out)
    assert any("m[1..60]" in each for each in lines)
    assert {*lines} <= {*_said(held.out)}
    assert [each for each in lines if "∂" not in each] == [
        each for each in _said(held.out) if "∂" not in each and "share" not in each
    ]


def test_a_picture_of_operations_is_refused(rows):
    found = backprop(
        "draw", "-e", TEXT, "--data", rows, "--memory", "100", "--detail", "operations"
    )
    assert found.status == 2
    assert "an equation a box" in found.err
