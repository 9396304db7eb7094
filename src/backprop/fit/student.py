"""Quantiles of the normal and of Student's distribution, without loading a large library for them."""

from __future__ import annotations

from math import atan2, cos, exp, lgamma, log, pi, sin, sqrt, tan

from backprop.language.random_numbers import normal_quantile

_NORMAL = 1000
"""From so many degrees of freedom on quantiles are taken from those of the normal distribution."""

_SERIES = (
    (((3, 1), (1, 1)), 4),
    (((5, 5), (3, 16), (1, 3)), 96),
    (((7, 3), (5, 19), (3, 17), (1, -15)), 384),
    (((9, 79), (7, 776), (5, 1482), (3, -1920), (1, -945)), 92160),
)
"""What is added to those, by degrees of freedom (Abramowitz, Stegun: Handbook of mathematical functions,
1964, 26.7.5): exponents of the quantile with their factors, and by what their sum is divided."""

_TURNS = 100
_SAME = 1e-15


def normal(level: float) -> float:
    """The number below which a standard normal one is with this probability."""
    found: float = normal_quantile()(level, 0.0, 1.0)
    return found


def quantile(dof: int, level: float) -> float:
    """The number below which Student's t with so many degrees of freedom is with this probability."""
    if level < 0.5:
        return -quantile(dof, 1 - level)
    z = normal(level)
    near, power = z, 1
    for terms, by in _SERIES:
        power *= dof
        near += sum(factor * z**exponent for exponent, factor in terms) / by / power
    if dof >= _NORMAL or level == 0.5:
        return near
    root, outside = sqrt(dof), 2 * (1 - level)
    low, high = 0.0, pi / 2
    angle = atan2(root, near)
    scale = log(2) + lgamma((dof + 1) / 2) - lgamma(dof / 2) - log(pi) / 2
    for _ in range(_TURNS):
        apart = _outside(dof, angle) - outside
        low, high = (low, angle) if apart > 0 else (angle, high)
        slope = exp(scale + (dof - 1) * log(sin(angle)))
        new = angle - apart / slope if slope else low
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - angle) <= _SAME * angle:
            break
        angle = new
    return root / tan(angle)


def _outside(dof: int, angle: float) -> float:
    """How likely |t| is to be more than the root of `dof` by the tangent of an angle (ibid., 26.7.3 and
    26.7.4, of whose angle this one is the complement)."""
    near, far = sin(angle), cos(angle)
    odd = dof % 2
    if dof == 1:
        return 2 * angle / pi
    term = total = near if odd else 1.0
    for at in range(3 + odd, dof + 1, 2):
        term *= near * near * (at - 2) / (at - 1)
        total += term
    inside = far * total
    return 2 * (angle - inside) / pi if odd else 1 - inside
