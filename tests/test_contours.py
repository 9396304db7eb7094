"""Contours of two parameters: that on them the sum of squares, least by the others, has risen as Fisher's
distribution says, by scipy; ellipses of linear models; bounds; pictures; what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from scipy.optimize import least_squares
from scipy.stats import chi2, f

import backprop
from backprop.cornering import Corner, corner_of
from backprop.errors import BadOption
from running import backprop as run

X = numpy.arange(30) / 6
Y = 2 * numpy.exp(-0.7 * X) + 0.3 + 0.05 * numpy.random.default_rng(3).normal(size=30)
MODEL = "y ~ a*exp(-b*x) + c; a = 1; b = 1; c = 0"


def corner(text: str, data: dict[str, Any], **options: Any) -> tuple[Any, Corner]:
    found = backprop.parse(text, data=data).fit(**options)
    return found, corner_of(found._fitting, found.found, found.level)


@pytest.mark.parametrize("level", [0.95, 0.5])
@pytest.mark.parametrize("sigma", [0.0, 0.05])
def test_the_sum_of_squares_has_risen_as_it_is_to(level: float, sigma: float) -> None:
    weights: Any = {"sigma": f"{sigma}", "absolute_sigma": True} if sigma else {}
    found, made = corner(MODEL, {"x": X, "y": Y}, level=level, **weights)
    unit = sigma or 1.0
    rise = chi2.ppf(level, 2) if sigma else 2 * found.value / 27 * f.ppf(level, 2, 27)
    best = numpy.array([*found.parameters.values()])
    assert [(each.one, each.other) for each in made.contours[0]] == [(0, 1), (0, 2), (1, 2)]
    for each in made.contours[0]:
        (third,) = {0, 1, 2} - {each.one, each.other}
        for one, other in each.points[::12].tolist():

            def rest(
                z: Any, one: float = one, other: float = other, at: Any = each, third: int = third
            ) -> Any:
                p = best.copy()
                p[at.one], p[at.other], p[third] = one, other, z[0]
                return (p[0] * numpy.exp(-p[1] * X) + p[2] - Y) / unit

            least = 2 * least_squares(rest, [best[third]], xtol=1e-14, ftol=1e-14, gtol=1e-14).cost
            assert least - found.value == pytest.approx(rise, rel=1e-3)


def test_contours_of_a_linear_model_are_ellipses() -> None:
    found, made = corner("y ~ a + b*x + c*x^2", {"x": X, "y": Y}, level=0.9)
    for each in made.contours[0]:
        pair = [each.one, each.other]
        apart = each.points - made.x[pair]
        inside = numpy.linalg.inv(found.covariance[numpy.ix_(pair, pair)])
        far = numpy.einsum("ni,ij,nj->n", apart, inside, apart)
        assert far == pytest.approx(numpy.full(len(far), 2 * f.ppf(0.9, 2, 27)), rel=1e-3)


def test_contours_end_at_bounds() -> None:
    found, made = corner(
        "y ~ a*exp(-b*x) + c; a = 1; b = 1; c = 0.31 in 0.3..0.35", {"x": X, "y": Y}
    )
    points = made.contours[0][1].points
    assert numpy.isfinite(points).all()
    assert points[:, 1].min() == 0.3
    assert points[:, 1].max() == 0.35
    assert found.converged


def test_a_contour_is_open_where_the_sum_does_not_rise() -> None:
    """A decay so slow that any slower one fits as well, with a larger asymptote below it."""
    y = 1 + 0.02 * numpy.random.default_rng(0).normal(size=30)
    _, made = corner("y ~ a/(1 + exp(-k*(x + 3))); a = 1; k = 2", {"x": X, "y": y})
    points = made.contours[0][0].points
    assert numpy.isnan(points).any()
    assert numpy.isfinite(points).all(axis=1).any()


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_pictures(ending: str, tmp_path: Path) -> None:
    rows = "\n".join(f"{x},{y}" for x, y in zip(X, Y, strict=True))
    (tmp_path / "rows.csv").write_text(f"x,y\n{rows}\n")
    file = tmp_path / f"corner.{ending}"
    found = run("fit", "-e", MODEL, "--data", str(tmp_path / "rows.csv"), "--corner", str(file))
    assert not found.status
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert file.read_bytes().startswith(begins)
    if ending == "svg":
        assert "two parameters together" in file.read_text()


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("y ~ a*x", {}, "--corner is of 2 to 8 parameters, and these are 1"),
        (MODEL, {"loss": "huber"}, "contours are of sums of squares, and --loss is none"),
        (" + ".join(["y ~ a0", *(f"a{k}*x^{k}" for k in range(1, 9))]), {}, "and these are 9"),
    ],
)
def test_what_has_no_contours(text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        corner(text, {"x": X, "y": Y}, **options)


def test_as_many_parameters_as_rows() -> None:
    with pytest.raises(BadOption, match="nothing is left to tell contours from"):
        corner("y ~ a + b*x", {"x": [0.0, 1.0], "y": [1.0, 2.0]})


def test_parameters_that_hardly_differ_have_contours() -> None:
    """Their correlation is 1 but for rounding."""
    found, made = corner("y ~ a*x + b*(x + 1e-7*x^2)", {"x": X, "y": Y})
    assert abs(found.correlations[0, 1]) > 1 - 1e-9
    assert all(each.points.shape == (49, 2) for each in made.contours[0])


@pytest.mark.parametrize(("bounds", "end"), [("0.4..1", 0.4), ("-1..0.2", 0.2)])
def test_a_parameter_at_its_bound_has_half_a_contour(bounds: str, end: float) -> None:
    """It begins and ends at the bound, where the others are as far away as the sum of squares lets them."""
    found, made = corner(MODEL, {"x": X, "y": Y}, bounds=f"c={bounds}")
    assert found.parameters["c"] == end
    rise = 2 * found.value / found.found.statistics.dof * f.ppf(0.95, 2, found.found.statistics.dof)
    (points,) = (each.points for each in made.contours[0] if (each.one, each.other) == (0, 2))
    stand = points[points[:, 1] == end]
    assert len(stand) >= 3
    ends = stand[[stand[:, 0].argmin(), stand[:, 0].argmax()]]
    inner = points[points[:, 1] != end]
    for a, c in [*ends.tolist(), *inner[::8].tolist()]:
        assert c >= end if end == 0.4 else c <= end

        def rest(z: Any, a: float = a, c: float = c) -> Any:
            return a * numpy.exp(-z[0] * X) + c - Y

        least = 2 * least_squares(rest, [0.7], xtol=1e-14, ftol=1e-14, gtol=1e-14).cost
        assert least - found.value == pytest.approx(rise, rel=1e-3)


def test_panels_say_why_they_have_no_contour() -> None:
    _, made = corner("y ~ a*b*exp(-c*x)", {"x": X, "y": Y})
    assert made.said == {
        (0, 1): "a and b: not\ndetermined by the data",
        (0, 2): "a: not\ndetermined by the data",
        (1, 2): "b: not\ndetermined by the data",
    }
    _, made = corner(MODEL, {"x": X, "y": Y}, bounds="c=0.2..0.2")
    assert made.said[0, 2] == made.said[1, 2] == "c: no room\nbetween its bounds"
    assert [(each.one, each.other) for each in made.contours[0]] == [(0, 1)]


def test_an_exact_fit_has_no_contours_without_errors_of_the_data() -> None:
    data = {"x": [0.0, 1, 2, 3, 4], "y": [1.0, 3, 5, 7, 9]}
    with pytest.raises(BadOption, match="the residuals are 0 but for rounding"):
        corner("y ~ a + b*x", data)
    _, made = corner("y ~ a + b*x", data, sigma="0.1", absolute_sigma=True)
    assert len(made.contours[0]) == 1


def test_files_that_are_not_written_are_told(tmp_path: Path) -> None:
    rows = "\n".join(f"{x},{y}" for x, y in zip(X, Y, strict=True))
    (tmp_path / "rows.csv").write_text(f"x,y\n{rows}\n")
    files = ("corner.png", "fit.png", "out.csv", "out.eq")
    named = zip(("--corner", "--plot", "--predict", "--save"), files, strict=True)
    asked = [word for option, file in named for word in (option, str(tmp_path / file))]
    ran = run("fit", "-e", MODEL, "--data", str(tmp_path / "rows.csv"), "--steps", "1", *asked)
    assert ran.status == 1
    assert "not converged: " in ran.err
    assert ran.err.rstrip().endswith("are not written")
    assert not any((tmp_path / file).exists() for file in files)
