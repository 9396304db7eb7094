"""Peers for one gradient of arrays: JAX's jit, and C++ written by hand, each on one core.

A job takes the name of a problem, its sizes, and a file of NumPy with its inputs: `moves.NAME` is a
family by which the gradient is asked, `fixed.NAME` another. `check` has the value, and the gradient
family by family in the order of the file.
"""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from benchmarks.worker import Job, peak, seconds

Arrays = dict[str, Any]
Sizes = dict[str, int]


def one_core() -> None:
    """Work on one core from now on, where the system can see to it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def split(path: str) -> tuple[Arrays, Arrays]:
    """The inputs that a gradient is asked by, and the others."""
    with numpy.load(path) as given:
        found: tuple[Arrays, Arrays] = ({}, {})
        for name in given.files:
            kind, _, family = name.partition(".")
            found[kind == "fixed"][family] = given[name]
    return found


def flat(value: Any, slopes: Arrays) -> list[float]:
    """The value, and the members one by one; of the factors of a mixture those below the diagonal."""
    found = [float(value)]
    for array in map(numpy.asarray, slopes.values()):
        if array.ndim == 3:
            array = array[:, *numpy.tril_indices(array.shape[1], -1)]
        found += array.ravel().tolist()
    return found


# JAX


def _mixture(sizes: Sizes) -> Callable[..., Any]:
    from jax import numpy
    from jax.scipy.special import logsumexp

    n, d, k = sizes["n"], sizes["d"], sizes["k"]

    def likelihood(moves: Arrays, fixed: Arrays) -> Any:
        alpha, mu, q, l = (moves[each] for each in ("alpha", "mu", "q", "l"))  # noqa: E741
        below = numpy.tril(l, -1)
        factor = below + numpy.exp(q)[:, :, None] * numpy.eye(d)
        u = numpy.einsum("cij,pcj->pci", factor, fixed["x"][:, None, :] - mu)
        t = alpha + q.sum(axis=1) - (u**2).sum(axis=2) / 2
        prior = -((numpy.exp(q) ** 2).sum() + (below**2).sum()) / 2
        prior += k * fixed["unit"] - n * d * math.log(2 * math.pi) / 2
        return logsumexp(t, axis=1).sum() - n * logsumexp(alpha) + prior

    return likelihood


def _lstm(sizes: Sizes) -> Callable[..., Any]:
    from jax import lax, numpy
    from jax.nn import sigmoid

    layers = sizes["layers"]

    def loss(moves: Arrays, fixed: Arrays) -> Any:
        def step(state: Any, x: Any) -> Any:
            h, c = list(state[0]), list(state[1])
            below = x[0] * moves["win"]
            for r in range(layers):
                w = {gate: moves["w" + gate][r] for gate in "fioc"}
                b = {gate: moves["b" + gate][r] for gate in "fioc"}
                forget, out = (sigmoid(below * w[each] + b[each]) for each in "fo")
                take = sigmoid(h[r] * w["i"] + b["i"])
                c[r] = c[r] * forget + take * numpy.tanh(h[r] * w["c"] + b["c"])
                h[r] = below = out * numpy.tanh(c[r])
            y = below * moves["wout"] + moves["bout"]
            said = (x[1] * (y - numpy.log(2 + numpy.exp(y).sum()))).mean()
            return (tuple(h), tuple(c)), said

        start = tuple(tuple(fixed[each][:, 0]) for each in "hc")
        return -lax.scan(step, start, (fixed["text"][:-1], fixed["text"][1:]))[1].mean()

    return loss


def _means(sizes: Sizes) -> Callable[..., Any]:
    def cost(moves: Arrays, fixed: Arrays) -> Any:
        apart = fixed["x"][:, None, :] - moves["c"]
        return (apart**2).sum(axis=2).min(axis=1).sum()

    return cost


def _log_sum_exp(sizes: Sizes) -> Callable[..., Any]:
    """From its parts, as GradBench wants it."""
    from jax import numpy

    def value(moves: Arrays, _: Arrays) -> Any:
        most = moves["x"].max()
        return most + numpy.log(numpy.exp(moves["x"] - most).sum())

    return value


def _logsumexp(sizes: Sizes) -> Callable[..., Any]:
    """By JAX's own function, with a rule of its own."""
    from jax.scipy.special import logsumexp

    return lambda moves, _: logsumexp(moves["x"])


def _powers(sizes: Sizes) -> Callable[..., Any]:
    """All powers at once, by running products, as GradBench has it."""
    from jax import numpy

    def squares(moves: Arrays, _: Arrays) -> Any:
        t = numpy.linspace(-1, 1, sizes["n"])
        steps = numpy.tile(t[:, None], (1, sizes["m"])).at[:, 0].set(1)
        fitted = numpy.cumprod(steps, axis=1) @ moves["x"]
        return ((numpy.sign(t) - fitted) ** 2).sum() / 2

    return squares


def _horner(sizes: Sizes) -> Callable[..., Any]:
    from jax import lax, numpy

    def squares(moves: Arrays, _: Arrays) -> Any:
        t = numpy.linspace(-1, 1, sizes["n"])
        start = numpy.zeros_like(t)
        fitted, _ = lax.scan(lambda h, x: (x + t * h, None), start, moves["x"], reverse=True)
        return ((numpy.sign(t) - fitted) ** 2).sum() / 2

    return squares


OBJECTIVES = {
    "gaussian_mixture": _mixture, "k_means": _means, "log_sum_exp": _log_sum_exp, "polynomial": _powers,
    "powers": _powers, "lstm": _lstm,
    "Horner": _horner, "logsumexp": _logsumexp,
}  # fmt: skip
"""Of each problem the function of the inputs that move and of the others, and two in another form."""


def jax(name: str, sizes: Sizes, path: str) -> Job:
    """facts: seconds to compile."""
    one_core()
    import jax

    jax.config.update("jax_enable_x64", True)
    before = peak()
    moves, fixed = (
        {key: jax.numpy.asarray(each) for key, each in part.items()} for part in split(path)
    )
    run = jax.jit(jax.value_and_grad(OBJECTIVES[name](sizes)))
    compiling, _ = seconds(lambda: jax.block_until_ready(run(moves, fixed)))

    def check() -> list[float]:
        value, slopes = run(moves, fixed)
        return flat(value, {key: slopes[key] for key in moves})

    return Job(
        lambda: jax.block_until_ready(run(moves, fixed)), check, {"build": compiling}, before
    )


def first(name: str, sizes: Sizes, path: str) -> None:
    """Print one value and gradient, as a whole process does."""
    print(*map(repr, jax(name, sizes, path).check()))


# C++


def library() -> Any:
    """by_hand.cpp, compiled for this machine."""
    folder = tempfile.mkdtemp()
    made = Path(folder) / "by_hand.so"
    source = Path(__file__).with_name("by_hand.cpp")
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run(["g++", *flags, str(source), "-o", str(made)], check=True)
    found = ctypes.CDLL(str(made))
    made.unlink()
    os.rmdir(folder)
    return found


ORDERS = {"gaussian_mixture": "ndk", "k_means": "nkd", "log_sum_exp": "n", "polynomial": "nm"}
"""The order of the sizes as arguments."""


def cpp(name: str, sizes: Sizes, path: str) -> Job:
    one_core()
    moves, fixed = split(path)
    slopes = {key: numpy.zeros_like(each) for key, each in moves.items()}
    inputs, others = list(moves.values()), [each for key, each in fixed.items() if key != "unit"]
    outputs = list(slopes.values())
    name = "polynomial" if name == "powers" else name
    if name == "lstm":  # all parameters in one row
        inputs = [numpy.concatenate([each.ravel() for each in moves.values()])]
        outputs = [numpy.zeros_like(inputs[0])]
        slopes = {"all": outputs[0]}
        others = [numpy.concatenate([fixed["h"].ravel(), fixed["c"].ravel()]), fixed["text"]]
    arguments = [ctypes.c_int(sizes[each]) for each in ORDERS.get(name, ("layers", "n", "bits"))]
    arguments += [ctypes.c_double(float(fixed["unit"]))] if "unit" in fixed else []
    arrays = [numpy.ascontiguousarray(each, dtype=float) for each in (*inputs, *others)] + outputs
    arguments += [each.ctypes.data_as(ctypes.c_void_p) for each in arrays]
    function = getattr(library(), name)
    function.restype = ctypes.c_double
    before = peak()
    return Job(lambda: function(*arguments), lambda: flat(function(*arguments), slopes), {}, before, arrays)  # fmt: skip


def cpp_recurrence(steps: int, sine: bool, start: list[float]) -> Job:
    one_core()
    function = library().recurrence
    function.restype = ctypes.c_double
    slopes = numpy.zeros(3)
    arguments = [ctypes.c_int(steps), ctypes.c_int(sine), *map(ctypes.c_double, start)]
    arguments.append(slopes.ctypes.data_as(ctypes.c_void_p))
    before = peak()
    first, _ = seconds(lambda: function(*arguments))
    return Job(lambda: function(*arguments), lambda: flat(function(*arguments), {"": slopes}), {"first": first}, before, slopes)  # fmt: skip
