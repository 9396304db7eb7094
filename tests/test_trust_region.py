"""The lowest point of a parabola within a radius, against many points of the disk and what must hold there."""

from __future__ import annotations

from math import cos, pi, sin

import numpy
import pytest

from backprop.descent.trust_region import Parabola, lowest, of_matrix, of_squares


def value(parabola: Parabola, along: object) -> float:
    return parabola.change(numpy.asarray(along))


@pytest.mark.parametrize("bends", [(2.0, 5.0), (-1.0, 3.0), (0.0, 1.0), (-2.0, -2.0), (1e-9, 1e9)])
@pytest.mark.parametrize("slopes", [(1.0, 1.0), (0.0, 1.0), (1e-12, 4.0), (-3.0, 0.0)])
@pytest.mark.parametrize("radius", [1e-3, 0.7, 40.0])
def test_no_point_of_the_disk_is_lower(
    bends: tuple[float, float], slopes: tuple[float, float], radius: float
) -> None:
    parabola = Parabola(numpy.array(slopes), numpy.array(bends), numpy.identity(2))
    found, on_edge = lowest(parabola, radius)
    length = float(numpy.linalg.norm(found))
    assert length <= radius * (1 + 1e-12)
    assert on_edge == (length >= radius * 0.99) or (not on_edge and length <= radius)
    least = min(
        value(parabola, (part * radius * cos(turn), part * radius * sin(turn)))
        for part in numpy.linspace(0, 1, 60)
        for turn in numpy.linspace(0, 2 * pi, 721)
    )
    # a step on the edge may be a thousandth shorter
    assert value(parabola, found) <= least + 3e-3 * abs(least) + 1e-12


def test_where_the_lowest_point_lies_inside_it_is_newton_s() -> None:
    matrix = numpy.array([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 2.0]])
    gradient = numpy.array([1.0, -2.0, 0.3])
    parabola = of_matrix(gradient, matrix)
    found, on_edge = lowest(parabola, 100.0)
    assert not on_edge
    assert parabola.ways @ found == pytest.approx(-numpy.linalg.solve(matrix, gradient), rel=1e-12)


def test_where_nothing_pulls_along_the_way_that_bends_down_it_is_taken_all_the_same() -> None:
    parabola = of_matrix(numpy.array([0.0, 0.0]), numpy.array([[1.0, 0.0], [0.0, -1.0]]))
    found, on_edge = lowest(parabola, 2.0)
    assert on_edge
    assert abs(parabola.ways @ found) == pytest.approx([0.0, 2.0])


def test_squares_keep_what_their_products_lose() -> None:
    """(x - 3)^2 + (1e9*(z - x))^2 at (1, 1): in doubles 2 + 2e18 is 2e18."""
    residuals, slopes = numpy.array([-2.0, 0.0]), numpy.array([[1.0, 0.0], [-1e9, 1e9]])
    parabola = of_squares(residuals, slopes)
    found, on_edge = lowest(parabola, 100.0)
    assert not on_edge
    assert parabola.ways @ found == pytest.approx([2.0, 2.0], rel=1e-6)


def test_fewer_residuals_than_inputs_leave_ways_that_do_not_bend() -> None:
    parabola = of_squares(numpy.array([3.0]), numpy.array([[1.0, 1.0, 0.0]]))
    assert sorted(parabola.bends.tolist()) == pytest.approx([0.0, 0.0, 4.0])
    found, _ = lowest(parabola, 100.0)
    assert parabola.ways @ found == pytest.approx([-1.5, -1.5, 0.0])


def test_a_step_whose_length_says_nothing_of_its_fall_is_one_all_the_same() -> None:
    """if(x > 0, x, -2*x): numbers so small that their squares are none."""
    parabola = Parabola(numpy.array([1e-170]), numpy.array([0.0]), numpy.identity(1))
    found, on_edge = lowest(parabola, 1e-165)
    assert on_edge
    assert found == pytest.approx([-1e-165], rel=1e-3)
