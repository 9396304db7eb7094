"""GradBench's problems: their texts at any size, their inputs, and their gradients by NumPy and by hand.

A problem is an example of the gallery's second shelf. `inputs` draws the numbers that the text draws,
by the generator that the page of the language states; `gradient` has the value and the derivatives by
the formulas below, which were derived on paper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from itertools import product
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy

from backprop import gallery

Arrays = dict[str, Any]
"""An array for each family, its least indices first."""

Sizes = Mapping[str, int]


class Drawn(NamedTuple):
    """A family of inputs. first: its least indices. moves: whether a gradient is asked by it.
    lower: only members whose last index is below the one before."""

    name: str
    first: tuple[int, ...]
    shape: tuple[int, ...]
    normal: bool = False
    moves: bool = True
    lower: bool = False

    def members(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The name of each, and where it stands in the array."""
        for at in product(*map(range, self.shape)):
            if not at:
                yield self.name, at
            elif not self.lower or at[-1] < at[-2]:
                indices = (str(first + place) for first, place in zip(self.first, at, strict=True))
                yield f"{self.name}[{','.join(indices)}]", at


def drawn(name: str, normal: bool) -> float:
    """The number of `name` by the seed 0: ~ normal(0, 1) or ~ uniform(0, 1)."""
    digest = blake2b(b"0:" + name.encode(), digest_size=8).digest()
    fraction: float = ((int.from_bytes(digest, "big") >> 11) + 0.5) / 2**53
    return NormalDist().inv_cdf(fraction) if normal else fraction


class Problem(NamedTuple):
    """example: its name in the gallery. output: of its text. families: of its inputs. start: the number
    that all inputs have, None if they are drawn."""

    example: str
    output: str
    families: Callable[[Sizes], list[Drawn]]
    gradient: Callable[[Sizes, Arrays], tuple[float, Arrays]]
    start: float | None = None

    def text(self, sizes: Sizes) -> str:
        """The example with other numbers for `const n = …`."""
        found = gallery.example(self.example).text
        for name, size in sizes.items():
            found, times = re.subn(rf"\bconst {name} = \d+", f"const {name} = {size}", found)
            assert times == 1, name
        return found

    def inputs(self, sizes: Sizes) -> Arrays:
        found = {}
        for family in self.families(sizes):
            found[family.name] = array = numpy.full(family.shape, self.start or 0.0)
            for name, at in () if self.start is not None else family.members():
                array[at] = drawn(name, family.normal)
            if self.example in ("polynomial", "powers"):
                array[...] = 2 * array - 1  # ~ uniform(-1, 1)
        return found

    def by_name(self, sizes: Sizes, arrays: Arrays) -> dict[str, float]:
        """The numbers of the members of these families."""
        families = {family.name.partition("[")[0]: family for family in self.families(sizes)}
        return {
            member: float(array[at])
            for name, array in arrays.items()
            for member, at in families[name].members()
        }


# a mixture of Gaussians


def _mixture(sizes: Sizes) -> list[Drawn]:
    n, d, k = (sizes[name] for name in "ndk")
    return [
        Drawn("alpha", (1,), (k,), normal=True),
        Drawn("mu", (1, 1), (k, d)),
        Drawn("q", (1, 1), (k, d), normal=True),
        Drawn("l", (1, 1, 1), (k, d, d), normal=True, lower=True),
        Drawn("x", (1, 1), (n, d), normal=True, moves=False),
    ]


def log_sum_exp(t: Any) -> Any:
    """Over the last axis."""
    most = t.max(axis=-1)
    return most + numpy.log(numpy.exp(t - most[..., None]).sum(axis=-1))


def prior_constant(d: int, m: int = 0, gamma: float = 1.0) -> float:
    """The logarithm of what makes Wishart's prior of one component a density."""
    from math import lgamma, log, pi

    dof = d + m + 1
    multivariate = d * (d - 1) * log(pi) / 4 + sum(lgamma((dof - j) / 2) for j in range(d))
    return dof * d * (log(gamma) - log(2) / 2) - multivariate


def _mixture_gradient(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    n, d, k = (sizes[name] for name in "ndk")
    alpha, mu, q, l, x = (given[name] for name in ("alpha", "mu", "q", "l", "x"))  # noqa: E741
    factor = l + numpy.exp(q)[:, :, None] * numpy.eye(d)
    apart = x[:, None, :] - mu
    u = numpy.einsum("cij,pcj->pci", factor, apart)
    t = alpha + q.sum(axis=1) - (u**2).sum(axis=2) / 2
    fit = log_sum_exp(t).sum() - n * log_sum_exp(alpha)
    prior = -(numpy.exp(2 * q).sum() + (l**2).sum()) / 2 + k * prior_constant(d)
    share = numpy.exp(t - log_sum_exp(t)[:, None])
    by_u = -share[:, :, None] * u
    by_factor = numpy.einsum("pci,pcj->cij", by_u, apart)
    weight = share.sum(axis=0)
    slopes = {
        "alpha": weight - n * numpy.exp(alpha - log_sum_exp(alpha)),
        "mu": -numpy.einsum("cij,pci->cj", factor, by_u),
        "q": weight[:, None] + numpy.exp(q) * numpy.einsum("cii->ci", by_factor) - numpy.exp(2 * q),
        "l": numpy.tril(by_factor, -1) - l,
    }
    return float(fit + prior - n * d * numpy.log(2 * numpy.pi) / 2), slopes


# the others


def _means(sizes: Sizes) -> list[Drawn]:
    n, k, d = (sizes[name] for name in "nkd")
    return [Drawn("c", (1, 1), (k, d)), Drawn("x", (1, 1), (n, d), moves=False)]


def _means_gradient(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    c, x = given["c"], given["x"]
    far = ((x[:, None, :] - c) ** 2).sum(axis=2)
    nearest = far.argmin(axis=1)
    slopes = numpy.zeros_like(c)
    numpy.add.at(slopes, nearest, 2 * (c[nearest] - x))
    return float(far.min(axis=1).sum()), {"c": slopes}


def _numbers(sizes: Sizes) -> list[Drawn]:
    return [Drawn("x", (1,), (sizes["n"],), normal=True)]


def _softmax(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    value = log_sum_exp(given["x"])
    return float(value), {"x": numpy.exp(given["x"] - value)}


def _coefficients(sizes: Sizes) -> list[Drawn]:
    return [Drawn("x", (0,), (sizes["m"],))]


def _least_squares(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    t = -1 + 2 * numpy.arange(sizes["n"]) / (sizes["n"] - 1)
    powers = numpy.vander(t, sizes["m"], increasing=True)
    off = numpy.sign(t) - powers @ given["x"]
    return float(off @ off / 2), {"x": -powers.T @ off}


GATES = ("wf", "wi", "wo", "wc", "bf", "bi", "bo", "bc")


def _network(sizes: Sizes) -> list[Drawn]:
    layers, bits = sizes["layers"], sizes["bits"]
    gates = [Drawn(name, (1, 1), (layers, bits)) for name in GATES]
    outside = [Drawn(name, (1,), (bits,)) for name in ("win", "wout", "bout")]
    state = [Drawn(name, (1, 0, 1), (layers, 1, bits), moves=False) for name in "hc"]
    return gates + outside + state


def characters(n: int, bits: int) -> Any:
    """The bits of the characters, the last one first: an array (n, bits)."""
    t = numpy.arange(1, n + 1)
    return ((32 + (7 * t * t + 13 * t) % 95)[:, None] >> numpy.arange(bits) & 1).astype(float)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def _network_gradient(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    """Forward, with all that is needed later kept, and backward through time."""
    layers, n, bits = (sizes[name] for name in ("layers", "n", "bits"))
    wf, wi, wo, wc, bf, bi, bo, bc = (given[name] for name in GATES)
    x = characters(n, bits)
    h, c = given["h"][:, 0].copy(), given["c"][:, 0].copy()
    kept, total = [], 0.0
    for t in range(n - 1):
        below, steps = x[t] * given["win"], []
        for r in range(layers):
            f, o = _sigmoid(below * wf[r] + bf[r]), _sigmoid(below * wo[r] + bo[r])
            i, g = _sigmoid(h[r] * wi[r] + bi[r]), numpy.tanh(h[r] * wc[r] + bc[r])
            steps.append((below, h[r].copy(), c[r].copy(), f, i, o, g))
            c[r] = c[r] * f + i * g
            h[r] = below = o * numpy.tanh(c[r])
        y = below * given["wout"] + given["bout"]
        kept.append((steps, c.copy(), below, y))
        total += x[t + 1] @ (y - numpy.log(2 + numpy.exp(y).sum()))
    slopes = {name: numpy.zeros_like(given[name]) for name in (*GATES, "win", "wout", "bout")}
    by_h, by_c = numpy.zeros_like(h), numpy.zeros_like(c)
    for t in reversed(range(n - 1)):
        steps, cells, top, y = kept[t]
        share = numpy.exp(y) / (2 + numpy.exp(y).sum())
        by_y = (x[t + 1].sum() * share - x[t + 1]) / ((n - 1) * bits)
        slopes["wout"] += by_y * top
        slopes["bout"] += by_y
        above = by_y * given["wout"]
        for r in reversed(range(layers)):
            below, before, cell, f, i, o, g = steps[r]
            by_own, out = by_h[r] + above, numpy.tanh(cells[r])
            by_cell = by_c[r] + by_own * o * (1 - out**2)
            by_f, by_o = by_cell * cell * f * (1 - f), by_own * out * o * (1 - o)
            by_i, by_g = by_cell * g * i * (1 - i), by_cell * i * (1 - g**2)
            for gate, by, read in zip("fioc", (by_f, by_i, by_o, by_g), (below, before, below, before), strict=True):  # fmt: skip
                slopes["w" + gate][r] += by * read
                slopes["b" + gate][r] += by
            by_c[r] = by_cell * f
            by_h[r] = by_i * wi[r] + by_g * wc[r]
            above = by_f * wf[r] + by_o * wo[r]
        slopes["win"] += above * x[t]
    return float(-total / ((n - 1) * bits)), slopes


def _control(sizes: Sizes) -> list[Drawn]:
    return [Drawn("w", (), ())]


def _motion(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    """Euler's steps with the force by hand, d/r^3 of each charge, and how all of it moves with w."""
    w, dt = float(given["w"]), 0.1
    x, u = numpy.array([0.0, 8.0]), numpy.array([0.75, 0.0])
    by_x, by_u = numpy.zeros(2), numpy.zeros(2)
    for _ in range(sizes["n"]):
        if not x[1] + dt * u[1] > 0:
            break
        force, by_force = numpy.zeros(2), numpy.zeros(2)
        for charge, moves in (((10, 10 - w), (0, -1)), ((10, 0), (0, 0))):
            apart = x - charge
            r = numpy.sqrt(apart @ apart)
            slope = numpy.eye(2) / r**3 - 3 * numpy.outer(apart, apart) / r**5
            force += apart / r**3
            by_force += slope @ (by_x - moves)
        x, by_x = x + dt * u, by_x + dt * by_u
        u, by_u = u + dt * force, by_u + dt * by_force
    at = x[0] - x[1] * u[0] / u[1]
    over = u[0] / u[1]
    by_over = (by_u[0] - over * by_u[1]) / u[1]
    slope = by_x[0] - by_x[1] * over - x[1] * by_over
    return float(at**2), {"w": numpy.array(2 * at * slope)}


def _outer(sizes: Sizes) -> list[Drawn]:
    return [Drawn("x", (1,), (2,))]


def _minimax(sizes: Sizes, given: Arrays) -> tuple[float, Arrays]:
    """Each step of the ascent takes 2*rate of y away, whatever x is."""
    y = (1 - 2 * 0.2) ** sizes["n"]
    return float((given["x"] ** 2).sum() - 2 * y**2), {"x": 2 * given["x"]}


PROBLEMS = {
    "gaussian_mixture": Problem("gaussian_mixture", "L", _mixture, _mixture_gradient),
    "k_means": Problem("k_means", "cost", _means, _means_gradient),
    "log_sum_exp": Problem("log_sum_exp", "y", _numbers, _softmax),
    "polynomial": Problem("polynomial", "y", _coefficients, _least_squares),
    "powers": Problem("powers", "y", _coefficients, _least_squares),
    "lstm": Problem("lstm", "loss", _network, _network_gradient),
    "particle": Problem("particle", "miss", _control, _motion, 0.0),
    "saddle": Problem("saddle", "best", _outer, _minimax, 1.0),
}
