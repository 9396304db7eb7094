"""Standard test functions of unconstrained minimisation, as equations, with their published minima.

`MGH 1` to `MGH 35` are the problems of J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing
unconstrained optimization software", ACM Transactions on Mathematical Software 7 (1981), 17-41: `f`
is the sum of the squares of m residuals `r1`, `r2`, … in the n inputs `x1`, `x2`, …, without a factor
1/2. Data, starting points and minima are the paper's, except where a row says otherwise.

The paper prints six digits and dots, most of them cut, not rounded ("8.21487…e-3" is 8.214877e-3,
but "5.65565…e-3" is 5.6556499e-3): a computed minimum may differ from the published one by a unit of
the last digit, which is at most 1e-5 of the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import pi, sqrt


@dataclass(frozen=True)
class StandardFunction:
    """A function to minimise, and what its minimisation is known to end in."""

    name: str
    equations: str
    """A text that computes `f`; its inputs default to `start`."""
    start: dict[str, float]
    """The standard starting point."""
    minima: tuple[float, ...]
    """Published values of `f`: global, local, and those that are only approached at infinity."""
    at: dict[str, float] | None
    """The published minimiser, to the digits printed, if exactly one belongs to `minima`."""
    source: str


def _function(
    name: str,
    source: str,
    start: Sequence[float],
    text: str,
    minima: tuple[float, ...] = (0.0,),
    at: Sequence[float] = (),
) -> StandardFunction:
    def named(values: Sequence[float]) -> dict[str, float]:
        return {f"x{i}": float(value) for i, value in enumerate(values, 1)}

    inputs = "".join(f"{x} = {value!r}\n" for x, value in named(start).items())
    return StandardFunction(
        name, f"{inputs}{text}\n", named(start), minima, named(at) if at else None, source
    )


def _squares(residuals: Iterable[str], before: str = "") -> str:
    """`before`, the residuals as equations r1, r2, …, and f, the sum of their squares."""
    equations = [f"r{i} = {residual}" for i, residual in enumerate(residuals, 1)]
    total = " + ".join(f"r{i}^2" for i in range(1, len(equations) + 1))
    return "\n".join([*([before] if before else []), *equations, f"f = {total}"])


def _numbers(text: str) -> list[str]:
    return text.split()


BARD = _numbers("0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39")
GAUSSIAN = _numbers("0.0009 0.0044 0.0175 0.0540 0.1295 0.2420 0.3521 0.3989")  # then backwards
MEYER = _numbers(
    "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
)
KOWALIK_OSBORNE = _numbers(
    "0.1957 0.1947 0.1735 0.1600 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246"
)
KOWALIK_OSBORNE_U = _numbers("4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625")
OSBORNE_1 = _numbers(
    """
    0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751
    0.718 0.685 0.658 0.628 0.603 0.580 0.558 0.538 0.522 0.506 0.490
    0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.420 0.414 0.411 0.406
    """
)
OSBORNE_2 = _numbers(
    """
    1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608
    0.655 0.616 0.606 0.602 0.626 0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661
    0.612 0.558 0.533 0.495 0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405 0.428
    0.429 0.523 0.562 0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559
    0.597 0.625 0.739 0.710 0.729 0.720 0.636 0.581 0.428 0.292 0.162 0.098 0.054
    """
)


def _sum(terms: Iterable[str]) -> str:
    return " + ".join(terms)


def _powell_singular(a: int) -> list[str]:
    """The four residuals in x_a … x_(a+3)."""
    p, q, r, s = (f"x{i}" for i in range(a, a + 4))
    return [
        f"{p} + 10*{q}",
        f"sqrt(5)*({r} - {s})",
        f"({q} - 2*{r})^2",
        f"sqrt(10)*({p} - {s})^2",
    ]


def _penalty_2(n: int) -> list[str]:
    """Two neighbours each, then each by itself, then all together."""
    return [
        "x1 - 0.2",
        *(
            f"sqrt(1e-5)*(exp(x{i}/10) + exp(x{i - 1}/10) - (exp({i}/10) + exp({i - 1}/10)))"
            for i in range(2, n + 1)
        ),
        *(f"sqrt(1e-5)*(exp(x{i}/10) - exp(-1/10))" for i in range(2, n + 1)),
        _sum(f"{n - i + 1}*x{i}^2" for i in range(1, n + 1)) + " - 1",
    ]


def _boundary_value(n: int) -> list[str]:
    """Each minus its neighbours, of which the ends have one; h^2/2 is 1/(2(n + 1)^2)."""
    return [
        f"2*x{i}"
        + "".join(f" - x{j}" for j in (i - 1, i + 1) if 1 <= j <= n)
        + f" + (x{i} + {i}/{n + 1} + 1)^3/{2 * (n + 1) ** 2}"
        for i in range(1, n + 1)
    ]


def _integral_equation(n: int) -> str:
    """The kernel is t_j (1 - t_i) for j <= i, else t_i (1 - t_j), with t_i = i/(n + 1)."""
    cubes = "\n".join(f"c{j} = (x{j} + {j}/{n + 1} + 1)^3" for j in range(1, n + 1))
    return _squares(
        (
            f"x{i} + ("
            + _sum(f"{min(i, j) * (n + 1 - max(i, j))}*c{j}" for j in range(1, n + 1))
            + f")/{2 * (n + 1) ** 3}"
            for i in range(1, n + 1)
        ),
        cubes,
    )


def _broyden_tridiagonal(n: int) -> list[str]:
    return [
        f"(3 - 2*x{i})*x{i}"
        + (f" - x{i - 1}" if i > 1 else "")
        + (f" - 2*x{i + 1}" if i < n else "")
        + " + 1"
        for i in range(1, n + 1)
    ]


def _broyden_banded(n: int) -> list[str]:
    """Five neighbours below, one above."""
    return [
        f"x{i}*(2 + 5*x{i}^2) + 1"
        + "".join(f" - x{j}*(1 + x{j})" for j in range(i - 5, i + 2) if 1 <= j <= n and j != i)
        for i in range(1, n + 1)
    ]


def _chebyquad(n: int) -> str:
    """t{i}_{j} is the Chebyshev polynomial of degree i, shifted to [0, 1], at xj."""
    polynomials = []
    for j in range(1, n + 1):
        polynomials += [f"t1_{j} = 2*x{j} - 1", f"t2_{j} = 2*t1_{j}^2 - 1"]
        polynomials += [f"t{i}_{j} = 2*t1_{j}*t{i - 1}_{j} - t{i - 2}_{j}" for i in range(3, n + 1)]
    means = (f"({_sum(f't{i}_{j}' for j in range(1, n + 1))})/{n}" for i in range(1, n + 1))
    return _squares(
        (
            mean + (f" + 1/{i * i - 1}" if i % 2 == 0 else "")  # minus the integral over [0, 1]
            for i, mean in enumerate(means, 1)
        ),
        "\n".join(polynomials),
    )


# fmt: off
STANDARD_FUNCTIONS = (
    _function("rosenbrock", "MGH 1", (-1.2, 1),
              _squares(["10*(x2 - x1^2)", "1 - x1"]), at=(1, 1)),
    _function("freudenstein_roth", "MGH 2: 0 at (5, 4), 48.9842 at (11.41, -0.8968)", (0.5, -2),
              _squares(["-13 + x1 + ((5 - x2)*x2 - 2)*x2", "-29 + x1 + ((x2 + 1)*x2 - 14)*x2"]),
              (0.0, 48.9842)),
    _function("powell_badly_scaled", "MGH 3", (0, 1),
              _squares(["1e4*x1*x2 - 1", "exp(-x1) + exp(-x2) - 1.0001"]), at=(1.098e-5, 9.106)),
    _function("brown_badly_scaled", "MGH 4", (1, 1),
              _squares(["x1 - 1e6", "x2 - 2e-6", "x1*x2 - 2"]), at=(1e6, 2e-6)),
    _function("beale", "MGH 5", (1, 1),
              _squares(["1.5 - x1*(1 - x2)", "2.25 - x1*(1 - x2^2)", "2.625 - x1*(1 - x2^3)"]),
              at=(3, 0.5)),
    _function("jennrich_sampson", "MGH 6, m = 10", (0.3, 0.4),
              _squares(f"{2 + 2 * i} - (exp({i}*x1) + exp({i}*x2))" for i in range(1, 11)),
              (124.362,), at=(0.2578, 0.2578)),
    _function("helical_valley", "MGH 7", (-1, 0, 0),
              _squares(["10*(x3 - 10*theta)", "10*(sqrt(x1^2 + x2^2) - 1)", "x3"],
                       "theta = if(x1 > 0, atan(x2/x1)/(2*pi), atan(x2/x1)/(2*pi) + 0.5)"),
              at=(1, 0, 0)),
    _function("bard", "MGH 8: 17.4286 is approached at (0.8406, -inf, -inf)", (1, 1, 1),
              _squares((f"{y} - model({u}, {16 - u}, {min(u, 16 - u)})" for u, y in enumerate(BARD, 1)),
                       "model(u, v, w) = x1 + u/(v*x2 + w*x3)"),
              (8.21487e-3, 17.4286)),
    _function("gaussian", "MGH 9", (0.4, 1, 0),
              _squares((f"model({8 - i}/2) - {y}" for i, y in enumerate(GAUSSIAN + GAUSSIAN[-2::-1], 1)),
                       "model(t) = x1*exp(-x2*(t - x3)^2/2)"),
              (1.12793e-8,)),
    _function("meyer", "MGH 10", (0.02, 4000, 250),
              _squares((f"model({45 + 5 * i}) - {y}" for i, y in enumerate(MEYER, 1)),
                       "model(t) = x1*exp(x2/(t + x3))"),
              (87.9458,)),
    _function("gulf", "MGH 11, m = 99 as in Algorithm 566; the paper's 'y m i x2' stands for 'y - x2'",
              (5, 2.5, 0.15),
              _squares((f"model({i}/100) - {i}/100" for i in range(1, 100)),
                       "model(t) = exp(-abs(25 + (-50*log(t))^(2/3) - x2)^x3/x1)"),
              at=(50, 25, 1.5)),
    _function("box_3d", "MGH 12, m = 10: 0 at (1, 10, 1), at (10, 1, -1), and where x1 = x2 and x3 = 0",
              (0, 10, 20),
              _squares((f"residual({i}/10)" for i in range(1, 11)),
                       "residual(t) = exp(-t*x1) - exp(-t*x2) - x3*(exp(-t) - exp(-10*t))")),
    _function("powell_singular", "MGH 13", (3, -1, 0, 1),
              _squares(_powell_singular(1)), at=(0,) * 4),
    _function("wood", "MGH 14", (-3, -1, -3, -1),
              _squares(["10*(x2 - x1^2)", "1 - x1", "sqrt(90)*(x4 - x3^2)", "1 - x3",
                        "sqrt(10)*(x2 + x4 - 2)", "(x2 - x4)/sqrt(10)"]),
              at=(1,) * 4),
    _function("kowalik_osborne", "MGH 15: 1.02734e-3 is approached at (inf, -14.07, -inf, -inf)",
              (0.25, 0.39, 0.415, 0.39),
              _squares((f"{y} - model({u})" for y, u in zip(KOWALIK_OSBORNE, KOWALIK_OSBORNE_U, strict=True)),
                       "model(u) = x1*(u^2 + u*x2)/(u^2 + u*x3 + x4)"),
              (3.07505e-4, 1.02734e-3)),
    _function("brown_dennis", "MGH 16, m = 20", (25, 5, -5, -1),
              _squares((f"residual({i}/5)" for i in range(1, 21)),
                       "residual(t) = (x1 + t*x2 - exp(t))^2 + (x3 + x4*sin(t) - cos(t))^2"),
              (85822.2,)),
    _function("osborne_1", "MGH 17", (0.5, 1.5, -1, 0.01, 0.02),
              _squares((f"{y} - model({10 * i})" for i, y in enumerate(OSBORNE_1)),
                       "model(t) = x1 + x2*exp(-t*x4) + x3*exp(-t*x5)"),
              (5.46489e-5,)),
    _function("biggs_exp6", "MGH 18, m = 13: 5.65565e-3; and 0 at (1, 10, 1, 5, 4, 3), which made the data",
              (1, 2, 1, 1, 1, 1),
              _squares((f"model({i}/10) - data({i}/10)" for i in range(1, 14)),
                       "model(t) = x3*exp(-t*x1) - x4*exp(-t*x2) + x6*exp(-t*x5)\n"
                       "data(t) = exp(-t) - 5*exp(-10*t) + 3*exp(-4*t)"),
              (0.0, 5.65565e-3)),
    _function("osborne_2", "MGH 19", (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5),
              _squares((f"{y} - model({i}/10)" for i, y in enumerate(OSBORNE_2)),
                       "model(t) = x1*exp(-t*x5) + x2*exp(-(t - x9)^2*x6)"
                       " + x3*exp(-(t - x10)^2*x7) + x4*exp(-(t - x11)^2*x8)"),
              (4.01377e-2,)),
    _function("watson", "MGH 20, n = 6", (0,) * 6,
              _squares([*(f"slope({i}/29) - curve({i}/29)^2 - 1" for i in range(1, 30)), "x1", "x2 - x1^2 - 1"],
                       f"curve(t) = x1 + {_sum(f'x{j}*t^{j - 1}' for j in range(2, 7))}\n"
                       f"slope(t) = x2 + {_sum(f'{j - 1}*x{j}*t^{j - 2}' for j in range(3, 7))}"),
              (2.28767e-3,)),
    _function("extended_rosenbrock", "MGH 21, n = 10", (-1.2, 1) * 5,
              _squares(r for i in range(1, 10, 2) for r in (f"10*(x{i + 1} - x{i}^2)", f"1 - x{i}")),
              at=(1,) * 10),
    _function("extended_powell_singular", "MGH 22, n = 12", (3, -1, 0, 1) * 3,
              _squares(r for i in (1, 5, 9) for r in _powell_singular(i)), at=(0,) * 12),
    _function("penalty_1", "MGH 23, n = 4", (1, 2, 3, 4),
              _squares([*(f"sqrt(1e-5)*(x{i} - 1)" for i in range(1, 5)), "x1^2 + x2^2 + x3^2 + x4^2 - 1/4"]),
              (2.24997e-5,)),
    _function("penalty_2", "MGH 24, n = 4", (0.5,) * 4, _squares(_penalty_2(4)), (9.37629e-6,)),
    _function("variably_dimensioned", "MGH 25, n = 10", [1 - j / 10 for j in range(1, 11)],
              _squares([*(f"x{i} - 1" for i in range(1, 11)), "s", "s^2"],
                       f"s = {_sum(f'{j}*(x{j} - 1)' for j in range(1, 11))}"),
              at=(1,) * 10),
    _function("trigonometric", "MGH 26, n = 10: 0; the local minimum 2.79506e-5 is in gonum and SolvOpt",
              (0.1,) * 10,
              _squares((f"10 - c + {i}*(1 - cos(x{i})) - sin(x{i})" for i in range(1, 11)),
                       f"c = {_sum(f'cos(x{j})' for j in range(1, 11))}"),
              (0.0, 2.79506e-5)),
    _function("brown_almost_linear", "MGH 27, n = 10: 0 at two points, one of them (1, …, 1); 1 at (0, …, 0, 11)",
              (0.5,) * 10,
              _squares([*(f"x{i} + s - 11" for i in range(1, 10)), "x1*x2*x3*x4*x5*x6*x7*x8*x9*x10 - 1"],
                       f"s = {_sum(f'x{i}' for i in range(1, 11))}"),
              (0.0, 1.0)),
    _function("discrete_boundary_value", "MGH 28, n = 10", [j / 11 * (j / 11 - 1) for j in range(1, 11)],
              _squares(_boundary_value(10))),
    _function("discrete_integral_equation", "MGH 29, n = 10", [j / 11 * (j / 11 - 1) for j in range(1, 11)],
              _integral_equation(10)),
    _function("broyden_tridiagonal", "MGH 30, n = 10", (-1,) * 10, _squares(_broyden_tridiagonal(10))),
    _function("broyden_banded", "MGH 31, n = 10", (-1,) * 10, _squares(_broyden_banded(10))),
    _function("linear_full_rank", "MGH 32, n = 5, m = 10: m - n", (1,) * 5,
              _squares([*(f"x{i} - s/5 - 1" for i in range(1, 6)), *["-s/5 - 1"] * 5],
                       "s = x1 + x2 + x3 + x4 + x5"),
              (5.0,), at=(-1,) * 5),
    _function("linear_rank_1", "MGH 33, n = 5, m = 10: m(m - 1)/(2(2m + 1))", (1,) * 5,
              _squares((f"{i}*s - 1" for i in range(1, 11)), "s = x1 + 2*x2 + 3*x3 + 4*x4 + 5*x5"),
              (15 / 7,)),
    _function("linear_rank_1_zeros", "MGH 34, n = 5, m = 10: (m^2 + 3m - 6)/(2(2m - 3))", (1,) * 5,
              _squares(["0*s - 1", *(f"{i}*s - 1" for i in range(1, 9)), "0*s - 1"],
                       "s = 0*x1 + 2*x2 + 3*x3 + 4*x4 + 0*x5"),
              (62 / 17,)),
    _function("chebyquad", "MGH 35, n = 8", [j / 9 for j in range(1, 9)], _chebyquad(8), (3.51687e-3,)),

    # M. Jamil and X.-S. Yang, "A literature survey of benchmark functions for global optimisation
    # problems", 2013: they give boxes and no starting points, so that the starts are this file's.
    _function("booth", "Jamil and Yang", (0, 0), _squares(["x1 + 2*x2 - 7", "2*x1 + x2 - 5"]), at=(1, 3)),
    _function("himmelblau", "Jamil and Yang; 0 at four points, one of them (3, 2)", (0, 0),
              _squares(["x1^2 + x2 - 11", "x1 + x2^2 - 7"])),
    _function("matyas", "Jamil and Yang", (5, -3), "f = 0.26*(x1^2 + x2^2) - 0.48*x1*x2", at=(0, 0)),
    _function("three_hump_camel", "Jamil and Yang: the lowest of three minima, and next to the start", (1, 1),
              "f = 2*x1^2 - 1.05*x1^4 + x1^6/6 + x1*x2 + x2^2", at=(0, 0)),
    _function("mccormick", "Jamil and Yang print -1.9133 for this local minimum of -sqrt(3)/2 - pi/3", (0, 0),
              "f = sin(x1 + x2) + (x1 - x2)^2 - 1.5*x1 + 2.5*x2 + 1",
              (-sqrt(3) / 2 - pi / 3,), at=(0.5 - pi / 3, -0.5 - pi / 3)),
)
# fmt: on
