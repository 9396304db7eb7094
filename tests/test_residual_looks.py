"""Which residuals stand out, beside the sizes of all of them, one by one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy
import pytest
from scipy.stats import t as student

from backprop.fit.residual_looks import outliers


@pytest.mark.parametrize("known_errors", [False, True])
@pytest.mark.parametrize("rows", [8, 30, 1000, 30_000])
@pytest.mark.parametrize("far", [[], [5.0], [4.2, -6.0, 30.0]])
def test_rows_without_derivatives(rows: int, far: list[float], known_errors: bool) -> None:
    chance = numpy.random.default_rng(rows)
    rest = chance.normal(size=rows)
    rest[[3, 5, 1][: len(far)]] = far
    dof = rows - 2
    found = outliers(rest[None], numpy.zeros((3, 0)), dof, known_errors)
    level, right = 1 - 0.01 / (2 * rows), dict[int, float]()
    most = NormalDist().inv_cdf(level) if known_errors else student.ppf(level, dof - 1)
    for row, each in enumerate(rest.tolist()):
        others = sum(x * x for at, x in enumerate(rest.tolist()) if at != row) if rows < 2000 else 0
        others = others or float(numpy.delete(rest, row) @ numpy.delete(rest, row))
        size = abs(each) if known_errors else abs(each) / sqrt(others / (dof - 1))
        if size > most:
            right[row] = size
        if rows > 2000 and row > 100:
            break
    assert {each.row: each.size for each in found if each.row <= 100 or rows < 2000} == (
        pytest.approx(right, rel=1e-9)
    )
    sizes = [each.size for each in found]
    assert sizes == sorted(sizes, reverse=True)
    assert found or len(far) < 3 or rows == 8
