"""Names in all scripts are drawn, or refused with the fonts that have them: no box takes their place."""

import re
from pathlib import Path

import matplotlib.font_manager
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from backprop.reports import graphviz_program
from running import backprop as run

HAN = "速度"


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without fonts of its own."""
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", list)


def made(folder: Path, letters: str) -> str:
    """A font file with these letters, each a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", *(f"uni{ord(each):04X}" for each in letters)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(each): f"uni{ord(each):04X}" for each in letters})
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular", "psName": "Squares"})
    font.setupOS2()
    font.setupPost()
    file = folder / "squares.ttf"
    font.save(str(file))
    return str(file)


def draw(name: str, out: str, folder: Path) -> tuple[int, str]:
    ran = run("draw", "-e", f"y = {name}^2; {name} = 3", "-o", str(folder / out))
    return ran.status, ran.err


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize(
    ("name", "font"),
    [(HAN, "Noto Sans CJK"), ("かな", "Noto Sans CJK JP"), ("한글", "Noto Sans CJK KR"), ("กข", "Noto Sans Thai"),
     ("अ", "Noto Sans Devanagari"), ("𠀀", "Noto Sans CJK")],
)  # fmt: skip
def test_letters_without_a_font_are_refused_in_pictures_of_pixels(
    name: str, font: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        status, said = draw(name, "g.png", tmp_path)
        assert (status, [*tmp_path.iterdir()]) == (1, [])
        assert font in said
        assert ".svg" in said
        monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)
    text = f"y = ({name} - 1)^2; {name} = 3"
    ran = run("descend", "-e", text, "--plot", str(tmp_path / "p.png"))
    assert (ran.status, [*tmp_path.iterdir()]) == (1, [])
    assert font in ran.err


@pytest.mark.usefixtures("no_fonts")
def test_an_svg_leaves_all_letters_to_the_fonts_of_its_readers(tmp_path: Path) -> None:
    assert draw(HAN, "g.svg", tmp_path)[0] == 0
    drawn = (tmp_path / "g.svg").read_text("utf-8")
    assert f">{HAN}<" in drawn
    assert 'font-family="Arial,Helvetica,Noto Sans CJK SC,sans-serif"' in drawn
    text = f"y = ({HAN} - 1)^2; {HAN} = 3"
    assert run("descend", "-e", text, "--plot", str(tmp_path / "p.svg")).status == 0
    drawn = (tmp_path / "p.svg").read_text("utf-8")
    assert f">{HAN}<" in drawn
    assert "Noto Sans CJK SC" in drawn
    assert "sans-serif" in drawn


@pytest.mark.parametrize("name", ["α", "Δx", "скорость", "ħ", "ẃ", "x₁", "é"])
def test_usual_letters_need_no_look(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert draw(name, "g.png", tmp_path) == (0, f"wrote {tmp_path / 'g.png'}\n")
        monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)


@pytest.mark.usefixtures("no_fonts")
def test_the_small_program_draws_what_its_own_fonts_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphviz_program, "program_that_draws", graphviz_program.graphviz_pure)
    assert draw("שלום", "g.png", tmp_path)[0] == 0


def test_plots_find_the_font_that_has_the_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(tmp_path, HAN)
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: [file])
    text = f"y = ({HAN} - 1)^2; {HAN} = 3"
    ran = run("descend", "-e", text, "--plot", str(tmp_path / "p.svg"))
    assert ran.status == 0
    # both letters are outlines of that font, and not its first glyph, the box
    drawn = (tmp_path / "p.svg").read_text("utf-8")
    assert {*re.findall(r'id="Squares-(\d+)"', drawn)} == {"1", "2"}
    assert run("descend", "-e", text, "--plot", str(tmp_path / "p.png")).status == 0
