"""Every engine against the interpreter: the whole table of operations, random graphs, what is not finite."""

from __future__ import annotations

import copy
import ctypes
import gc
import math
import pickle
import random
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

import backprop
from backprop.chain.walk import hides
from backprop.engine.choosing import build, choose
from backprop.engine.engines import Engine, GeneratedPython, Interpreted, StraightCode, TapeCode
from backprop.engine.leading import leading, tape_order
from backprop.engine.native import machine
from backprop.engine.native.loops import is_wide
from backprop.engine.tape import Tape
from backprop.engine.underflow import too_small
from backprop.errors import BackpropError, BadOption, NotFinite
from backprop.graph import Columns, Graph
from backprop.operations import OPERATIONS
from backprop.options import ENGINES
from backprop.row import Operation
from backprop.syntax import functions
from backprop.values import Lookup, backward, derivatives, forward, local_slopes
from test_operations import NASTY, tolerance
from truth import true_slope, true_value

ROWS = list(OPERATIONS.values())
COMPILED = (StraightCode, GeneratedPython, TapeCode)
STRANGE = (0.0, -0.0, 1.0, -1.0, 2.5, -3.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)


def points(row: Operation, count: int) -> list[tuple[float, ...]]:
    """Samples, corners, and points anywhere, strange ones among them; the same each time."""
    chance = random.Random(row.name)
    found = [*row.samples, *(at for at, _ in row.corners)]
    for _ in range(count):
        pick = (chance.choice(STRANGE), chance.choice(NASTY), chance.gauss(0, 3))
        found.append(tuple(float(chance.choice(pick)) for _ in row.operands))
    if row.name == "polygamma":  # mpmath takes a step for each unit left of 0
        found = [(float(abs(round(n)) if abs(n) < 5 else 2), x) for n, x in found if x > -50]
    return found


def same(got: float, expected: float, bits: float) -> bool:
    """Whether two numbers differ by at most so many units in the last place of the larger."""
    if not math.isfinite(expected) or not math.isfinite(got):
        return got == expected or (math.isnan(got) and math.isnan(expected))
    return abs(got - expected) <= bits * math.ulp(max(abs(got), abs(expected)))


def interpreted(
    graph: Graph, numbers: dict[int, float], sure: bool = True
) -> tuple[list[float], list[float]]:
    """The value of every row, and the gradient by it. sure: whether it is nan by what has a slope
    that is too small for a double, and by everything where a value is."""
    data = graph.columns.start()
    for leaf, number in numbers.items():
        data[leaf] = number
    forward(graph, graph.steps, data)
    gradients = [0.0] * len(data)
    gradients[graph.output] = 1.0
    backward(graph, graph.steps, data, gradients, *() if sure else [Lookup(functions.slopes)])
    if sure and too_small(graph, data):
        gradients = [math.nan] * len(data)
    return data, gradients


def operation(row: Operation) -> tuple[Graph, list[int]]:
    """The graph of a single operation, and its inputs."""
    columns = Columns()
    leaves = [columns.input() for _ in row.operands]
    return Graph(columns, [columns.step(row.name, leaves)]), leaves


def by_interpreter(
    row: Operation, at: tuple[float, ...], sure: bool = True
) -> tuple[float, list[float]]:
    """Value and slopes; a slope that is 0 leaves an operand's gradient 0."""
    graph, leaves = operation(row)
    data, gradients = interpreted(graph, dict(zip(leaves, at, strict=True)), sure)
    return data[graph.output], [gradients[leaf] for leaf in leaves]


def on_a_tape(
    row: Operation, at: Sequence[tuple[float, ...]], in_order_too: bool
) -> tuple[list[float], list[list[float]]]:
    """The same for many points, side by side in one segment; or each step waiting for another, so
    that they run in the order of the program."""
    columns = Columns()
    leaves = [[columns.input() for _ in point] for point in at]
    if in_order_too:
        total = columns.number(1.0)
        steps = []
        for each in leaves:
            steps.append(columns.step(row.name, each))
            total = columns.step("+", [steps[-1], total])
    else:
        steps = [columns.step(row.name, each) for each in leaves]
        layer = steps
        while len(layer) > 1:  # a tree: as wide as it can be
            pairs = zip(layer[::2], layer[1::2], strict=False)
            above = [columns.step("+", pair) for pair in pairs]
            layer = above + layer[len(above) * 2 :]
        total = layer[0]
    tape = Tape(columns, range(len(columns)), total)
    assert tape.is_serial == (in_order_too and not is_wide(row))
    data, gradients = columns.start(), [0.0] * len(columns)
    for each, point in zip(leaves, at, strict=True):
        for leaf, number in zip(each, point, strict=True):
            data[leaf] = number
    tape.run(data, gradients)
    return [data[step] for step in steps], [[gradients[leaf] for leaf in each] for each in leaves]


@cache
def allowed(name: str, at: tuple[float, ...], slope: int | None) -> float | None:
    """Bits that a vector function may cost, by the condition of what is computed; None: no truth."""
    row = OPERATIONS[name]
    truth = true_value(name, at) if slope is None else true_slope(name, at, slope)
    if truth is None or not 1e-300 < abs(truth) < 1e300:
        return None
    return 4 * tolerance(row, at, slope)


@pytest.mark.parametrize("serial", [False, True], ids=["side by side", "in order"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_tape_computes_every_operation(row: Operation, serial: bool, points_of_rows: int) -> None:
    """Where the interpreter has no finite number, neither has the tape; corners are exact."""
    at = points(row, points_of_rows)
    values, slopes = on_a_tape(row, at, serial)
    corners = {corner for corner, _ in row.corners}
    for point, value, by in zip(at, values, slopes, strict=True):
        expected, expected_by = by_interpreter(row, point, sure=False)
        exact = point in corners
        right = same(value, expected, 0)  # or as near as mpmath says, which takes its time
        right = right or (
            not exact and same(value, expected, allowed(row.name, point, None) or 2**20)
        )
        assert right, f"{row.name}{point}: {value!r}, {expected!r}"
        assert value or math.copysign(1, value) == math.copysign(1, expected), f"{row.name}{point}"
        if not math.isfinite(expected):
            continue
        for operand, (got, true) in enumerate(zip(by, expected_by, strict=True)):
            right = abs(got - true) < 1e-300  # subnormal slopes may come out as 0
            right = right or same(got, true, 2 if exact else 0)
            right = right or (
                not exact and same(got, true, allowed(row.name, point, operand) or 2**20)
            )
            assert right, (
                f"slope of {row.name}{point} by {row.operands[operand]}: {got!r}, {true!r}"
            )


@pytest.mark.parametrize("engine", [StraightCode, GeneratedPython])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_straight_lines_compute_every_operation(row: Operation, engine: type[Engine]) -> None:
    """To the bit, but for hypot, of which Python has its own, and powers that are products."""
    graph, leaves = operation(row)
    code = engine(graph, leaves, {})
    uses_hypot = "hypot" in row.name or any("hypot" in text for text in row.slopes)
    squares = any("^2" in text for text in row.slopes)
    bits = 4 if engine is StraightCode and (uses_hypot or squares) else 0
    for point in points(row, 40):
        expected, by = by_interpreter(row, point)
        value = code.forward(list(point))
        gradient = None if value is None else code.backward()
        finite = math.isfinite(expected) and all(map(math.isfinite, by))
        if value is None or gradient is None:
            looked = [x for at, x in enumerate(point) if hides(row.name, at, (None,) * row.arity)]
            assert not finite or not all(map(math.isfinite, looked)), f"{row.name}{point}"
            continue
        assert same(value, expected, bits), f"{row.name}{point}: {value!r}, {expected!r}"
        assert value or math.copysign(1, value) == math.copysign(1, expected), f"{row.name}{point}"
        for got, right in zip(gradient, by, strict=True):
            assert same(got, right, bits), f"{row.name}{point}: {list(gradient)}, {by}"


def test_c_functions_for_vectors_are_used_wherever_they_exist() -> None:
    """A new row whose `machine` is a function of C's library is not left to be slower than the others."""
    width, known = machine.lanes()
    try:
        library: object = ctypes.CDLL("libmvec.so.1")
    except OSError:
        library = None  # then none may be named
    isa = {2: "b", 4: "d"}[width]
    for row in ROWS:
        symbol = f"_ZGV{isa}N{width}{'v' * row.arity}_{row.machine}"
        assert known.get(row.machine) == (symbol if hasattr(library, symbol) else None), row.name


@pytest.mark.parametrize("exponent", [2.0, 3.0, 1.0, -1.0, 0.0, 0.5, -2.0, 7.0])
def test_powers_with_a_known_exponent(exponent: float) -> None:
    """Products in machine code: within a bit or two of the power."""
    columns = Columns()
    leaf = columns.input()
    graph = Graph(columns, [columns.step("^", [leaf, columns.number(exponent)])])
    for engine in COMPILED:
        code = engine(graph, [leaf], {})
        for x in NASTY:
            data, gradients = interpreted(graph, {leaf: x})
            value = code.forward([x])
            if value is None:
                assert not (math.isfinite(data[graph.output]) and math.isfinite(gradients[leaf]))
                continue
            gradient = code.backward()
            assert same(value, data[graph.output], 2)
            assert gradient is None or same(gradient[0], gradients[leaf], 3)


# --------------------------------------------------------------------------------- graphs

UNARY = "exp log sin cos tanh sqrt abs sigmoid softplus relu erf atan neg gelu log1p".split()
BINARY = "+ - * / min max hypot atan2".split()


def random_graph(steps: int, seed: int, local: bool) -> tuple[Graph, dict[int, float]]:
    """A graph in which everything stays near 1, and the numbers of its inputs; local: operands are
    from a little before."""
    chance = random.Random(seed)
    columns = Columns()
    step, number = columns.step, columns.number
    numbers = {columns.input(): chance.uniform(0.2, 1.5) for _ in range(12)}
    pool = list(numbers)
    while len(pool) < steps:

        def pick() -> int:
            return (
                pool[-1 - min(int(chance.expovariate(0.02)), len(pool) - 1)]
                if local
                else chance.choice(pool)
            )

        name = chance.choice(UNARY + BINARY * 2)
        if name in UNARY:
            x = pick()
            if name in ("log", "sqrt", "log1p"):
                x = step("+", [step("*", [x, x]), number(0.5)])
                pool.append(x)
            new = step(name, [x])
        elif chance.random() < 0.1:
            test = step(chance.choice(["<", ">="]), [pick(), pick()])
            new = step("if", [test, pick(), pick()])
        elif name == "/":
            y = step("+", [step("^", [pick(), number(2.0)]), number(1.0)])
            new = step("/", [pick(), y])
        else:
            new = step(name, [pick(), pick()])
        pool.append(step("tanh", [new]) if local or chance.random() < 0.6 else new)
    total = pool[-1]
    for node in pool[len(numbers) :: max(1, steps // 300)]:
        total = step("+", [total, step("tanh", [node])])
    graph = Graph(columns, [total])
    return graph, {leaf: numbers[leaf] for leaf in graph.inputs}


def contributions(graph: Graph, data: list[float]) -> list[float]:
    """For each row the sum of the sizes of what its gradient is made of, for rounding."""
    sizes = [0.0] * len(data)
    sizes[graph.output] = 1.0
    for step in reversed(graph.steps):
        if sizes[step]:
            slopes = local_slopes(graph, step, data)
            for operand, slope in zip(graph.operands(step), slopes, strict=True):
                if slope:
                    sizes[operand] += sizes[step] * abs(slope)
    return sizes


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("steps", [1, 5, 30, 250, 900, 20_000, 100_000])
@pytest.mark.one_in(2)
def test_random_graphs(steps: int, local: bool, request: pytest.FixtureRequest) -> None:
    """Eight of the small ones; of those that take LLVM a second each, two, or eight with --whole."""
    whole = request.config.getoption("--whole")
    for seed in range(1 if steps > 1000 else 8 if steps < 100 or whole else 2):
        graph, numbers = random_graph(steps, seed, local)
        data, gradients = interpreted(graph, numbers)
        if any(
            map(math.isnan, derivatives(graph, data))
        ):  # 0·∞ somewhere, which engines leave to the interpreter
            graph, numbers = random_graph(steps, seed + 100, local)
            data, gradients = interpreted(graph, numbers)
        sizes = contributions(graph, data)
        engines: list[type[Engine]] = [TapeCode]
        if steps <= 1000:
            engines += [StraightCode, GeneratedPython, Interpreted]
        for engine in engines:
            code = engine(graph, list(numbers), {})
            found = code.run(list(numbers.values()))
            assert found is not None
            assert found[0] == pytest.approx(data[graph.output], rel=1e-11)
            for leaf, got in zip(numbers, found[1], strict=True):
                assert abs(got - gradients[leaf]) <= 1e-11 * sizes[leaf], (engine.__name__, seed)


def test_gradients_of_a_model_by_machine_code_fill_its_values() -> None:
    text = "L = sum(tanh(w[i]*x)^2 + if(i > 3, log(x), w[i]/x) for i in 1..60)"
    numbers = {f"w[{number}]": 0.1 * number for number in range(1, 61)} | {"x": 1.3}
    text = "\n".join(["w[i] = 0 for i in 1..60", text])
    model, other = backprop.parse(text), backprop.parse(text)
    slow, fast = model.grad(numbers, engine="python"), other.grad(numbers, engine="native")
    assert fast.value == pytest.approx(slow.value, rel=1e-13)
    assert fast.gradients == pytest.approx(slow.gradients, rel=1e-12)
    assert fast.data == pytest.approx(slow.data, rel=1e-13)
    for one, two in zip(model.values.values(), other.values.values(), strict=True):
        assert two.data == pytest.approx(one.data, rel=1e-12)
        assert two.grad == pytest.approx(one.grad, rel=1e-12)


# ----------------------------------------------------------------------- what is not finite

BAD = [
    ("y = log(x)", {"x": -1}),
    ("y = 1/x", {"x": 0}),
    ("y = exp(x)", {"x": 800}),
    ("y = 1/exp(x)", {"x": 800}),
    ("y = tanh(exp(x) + z)", {"x": 800, "z": 1}),
    ("y = if(x > 0, sqrt(x), 0)", {"x": -1}),
    ("y = if(x > 0, sqrt(x), z)", {"x": 0, "z": 2}),
    ("y = if(x > 0, 0, 1/x) + z", {"x": 0, "z": 2}),
    ("y = sqrt(x)", {"x": 0}),
    ("y = sqrt(x) + sqrt(z)", {"x": 0, "z": 4}),
    ("a = sqrt(x); y = 0*a", {"x": 0}),
    ("y = x > 0 and log(x) > 1", {"x": -1}),
    ("y = x > 0 or log(x) > 1", {"x": -1}),
    ("y = atan2(x, z)", {"x": 0, "z": 0}),
    ("y = max(log(x), 0)", {"x": 0}),
    ("y = x*z", {"x": 1e200, "z": 1e200}),
    ("y = gamma(x)*z", {"x": -1, "z": 0}),
    ("y = x^z", {"x": -2, "z": 0.5}),
    ("y = x^z", {"x": 0, "z": 0.5}),
    ("y = min(x, z)", {"x": math.inf, "z": 2}),
    ("b = exp(x); y = b*z*w", {"x": 700, "z": 1e100, "w": 0}),
    ("p = log(z); y = x^2", {"x": 3, "z": -1}),
]


def outcome(run: Callable[[], backprop.Gradient]) -> object:
    """A gradient as plain data, or what an error says and where."""
    try:
        found = run()
    except BackpropError as error:
        return [(str(each), each.hints) for each in error.all]
    gradients = {name: repr(number) for name, number in found.gradients.items()}
    return found.value, gradients, [str(each) for each in found.warnings]


@pytest.mark.parametrize(("text", "numbers"), BAD)
def test_engines_agree_on_what_is_not_finite(text: str, numbers: dict[str, float]) -> None:
    of = "y"
    expected = outcome(lambda: backprop.parse(text).grad(numbers, of, engine="python"))
    assert outcome(lambda: backprop.parse(text).grad(numbers, of, engine="native")) == expected
    for engine in ENGINES:
        program = backprop.compile(backprop.parse(text), of, engine=engine)
        given = [numbers[name] for name in program.inputs]
        if isinstance(expected, list):
            with pytest.raises(NotFinite) as caught:
                program(given)
            assert [(str(each), each.hints) for each in caught.value.all] == expected
        else:
            value, gradient = program(given)
            assert isinstance(expected, tuple)
            assert value == expected[0]
            named = dict(zip(program.inputs, map(repr, (gradient + 0.0).tolist()), strict=True))
            assert named == {name: expected[1][name] for name in program.inputs}


# -------------------------------------------------------------------------------- programs


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_is_a_function_of_arrays(engine: str) -> None:
    model = backprop.parse("e = a*b; d = e+c; L = d*f; a = 1")
    program = backprop.compile(model, engine=engine)
    assert program.inputs == ("b", "c", "f", "a")  # where the file has them
    point = {"a": 2, "b": -3, "c": 10, "f": -2}
    value, gradient = program(np.array([point[name] for name in program.inputs]))
    assert type(value) is float
    assert value == -8
    assert gradient.dtype == np.float64
    by = dict(zip(program.inputs, gradient.tolist(), strict=True))
    assert by == {"a": 6, "b": -4, "c": -2, "f": 4}
    again, _ = program([0, 0, 0, 0])
    assert again == 0
    assert gradient.tolist() == [by[name] for name in program.inputs]  # a result of its own
    for wrong in ([1, 2, 3], [[1, 2, 3]], [[[1, 2, 3, 4]]], 5, [1, 2, 3, 4, 5]):
        with pytest.raises(ValueError, match="4 numbers"):
            program(wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_simplest_programs(engine: str) -> None:
    value, gradient = backprop.compile(backprop.parse("L = a"), engine=engine)([3])
    assert (value, gradient.tolist()) == (3, [1])
    value, gradient = backprop.compile(backprop.parse("L = 2*a; a = 4"), "a", engine=engine)([7])
    assert (value, gradient.tolist()) == (7, [1])
    value, gradient = backprop.compile(backprop.parse("L = 2 + 3*0*a"), engine=engine)([7])
    assert (value, gradient.tolist()) == (2, [0])


def test_large_programs_on_every_engine() -> None:
    text = "x[t+1] = x[t] + 0.01*sin(x[t])*k for t in 0..5000; x[0] = 0.3; L = x[5001]^2"
    found = {
        engine: backprop.compile(backprop.parse(text), engine=engine)([0.3, 1.2])
        for engine in ENGINES
    }
    for value, gradient in found.values():
        assert value == pytest.approx(found["python"][0], rel=1e-12)
        assert gradient == pytest.approx(found["python"][1], rel=1e-10)


def test_an_unknown_engine() -> None:
    model = backprop.parse("L = a")
    for run in (
        lambda: backprop.compile(model, engine="gpu"),
        lambda: model.grad({"a": 1}, engine="gpu"),
        lambda: model.descend({"a": 1}, lr=0.1, engine="gpu"),
        lambda: model.descend({"a": 1}, engine="gpu"),
    ):
        with pytest.raises(BadOption, match="no engine 'gpu'"):
            run()


def test_the_choice_of_an_engine() -> None:
    """One run of a few steps is the interpreter's; machine code is for many, or for much."""
    assert choose("auto", 10, 1) is Interpreted
    assert choose("auto", 1000, 1) is Interpreted
    assert choose("auto", 50, 2000) is GeneratedPython
    assert choose("auto", 50, 10_000_000) is None
    assert choose("auto", 3_000_000, 1) is Interpreted
    assert choose("auto", 3_000_000, 10) is None
    assert choose("python", 3_000_000, 1) is Interpreted
    assert choose("native", 3, 1) is None


def test_without_a_compiler_auto_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop.engine.native import machine
    from backprop.errors import NoMachineCode

    def none() -> object:
        raise NoMachineCode("machine code cannot be made here: no library")

    monkeypatch.setattr(machine, "llvm", none)
    columns = Columns()
    leaves = [columns.input()]
    graph = Graph(columns, [columns.step("*", leaves * 2)])  # no other test has compiled it
    assert isinstance(build(graph, leaves, {}, "auto", 10**9), GeneratedPython)
    with pytest.raises(NoMachineCode):
        build(graph, leaves, {}, "native", 10**9)
    model = backprop.parse("L = (a - 1)^2; a = 3")
    assert model.descend(lr=0.1, steps=10**6).converged
    with pytest.raises(NoMachineCode):
        model.descend(lr=0.1, engine="native")


def test_the_steps_that_hide_what_is_not_finite() -> None:
    """exp(-inf) is 0, 1/inf too; a product with nan is nan."""
    assert hides("exp", 0, (None,))
    assert hides("/", 1, (None, None))
    assert hides("tanh", 0, (None,))
    assert hides("if", 1, (None, None, None))
    assert not hides("*", 0, (None, None))
    assert not hides("+", 1, (None, None))
    assert not hides("^", 0, (None, 2.0))
    assert hides("^", 0, (None, -1.0))


def test_what_is_raised_inside_machine_code_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while machine code calls Python for gamma: no 0 in place of the number, no silence."""
    from backprop.engine.native import machine

    def interrupted(x: float) -> float:
        raise KeyboardInterrupt

    guarded = machine._guarded(interrupted)
    assert math.isnan(guarded(1.0))
    with pytest.raises(KeyboardInterrupt):
        machine.passed_on()
    machine.passed_on()  # once only
    for engine in (StraightCode, TapeCode):
        graph, leaves = operation(OPERATIONS["gamma"])
        code = engine(graph, leaves, {})
        assert code.forward([2.5]) == pytest.approx(1.329340388179137)  # DLMF 5.4.6: 3/4*sqrt(pi)
        machine._raised[threading.get_ident()] = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            code.forward([2.5])


@pytest.mark.parametrize(
    ("engine", "runs", "kind"),
    [
        ("python", 1, "Interpreted"),
        ("python", 10**6, "GeneratedPython"),
        ("native", 1, "StraightCode"),
        ("native", 1, "TapeCode"),
    ],
)
def test_a_program_in_several_threads(engine: str, runs: int, kind: str) -> None:
    """Each call has its own numbers, and what one thread cannot compute stays with it."""
    terms = 300 if kind == "TapeCode" else 20
    model = backprop.parse(f"L = sum(sin(k*x)*y + log(y) for k in 1..{terms})")
    program = backprop.compile(model, engine=engine, runs=runs)
    assert kind in repr(program)
    points = [(0.001 * number, 1.0 + number) for number in range(200)]
    alone = [program(point) for point in points]

    def run(point: tuple[float, float]) -> tuple[float, list[float]]:
        if point == points[7]:
            with pytest.raises(NotFinite):
                program((1.0, -1.0))
        value, gradient = program(point)
        return value, gradient.tolist()

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(run, points * 3))
    finally:
        sys.setswitchinterval(switching)
    for (value, gradient), found in zip(alone * 3, together, strict=True):
        assert found == (value, gradient.tolist())


@pytest.mark.parametrize("engine", ENGINES)
def test_zeros_keep_their_sign(engine: str) -> None:
    """atan2 tells the zeros apart: at (0, -0) it is pi."""
    for text in ("L = atan2(x - x, ceil(x))", "L = atan2(x - x, round(x))"):
        value, _ = backprop.compile(backprop.parse(text), engine=engine)([-0.3])
        assert value == math.pi


def test_defaults_do_not_count_for_a_program() -> None:
    program = backprop.compile(backprop.parse("a = 1/0; L = a*b"))
    assert program([2, 3])[0] == 6


def test_odd_numbers_of_runs() -> None:
    model = backprop.parse("L = sin(a*b) + a")
    for runs in (-5, 0, math.inf):
        assert backprop.compile(model, runs=runs)([0, 3])[0] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_can_be_copied_and_pickled(engine: str) -> None:
    model = backprop.parse("c ~ uniform(1, 2); L = sin(a)*c + b", seed=5)
    program = backprop.compile(model, engine=engine)
    value, gradient = program([0.3, 1.2, 2.0][: len(program.inputs)])
    for again in (copy.copy(program), copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
        assert again.inputs == program.inputs
        assert repr(again) == repr(program)
        found = again([0.3, 1.2, 2.0][: len(program.inputs)])
        assert (found[0], found[1].tolist()) == (value, gradient.tolist())


@pytest.mark.parametrize(
    "text",
    [
        "e = a*b; d = e+c; L = d*f",
        "L = d*f; d = e+c; e = a*b; unused = 3; spare = 2*pi",
        "x = a*b; y[0] = x; y[t+1] = sin(y[t]) for t in 0..50; L = x^2",
        "a = 2; u = a^2; v = if(u > 1, u, w); L = v*a; z[i] = L + i for i in 1..3",
    ],
)
def test_what_leads_to_the_output_is_found_without_a_walk(text: str) -> None:
    model = backprop.parse(text)
    graph = model.graph("L")
    expected = set(graph.order)
    fresh = Graph(model.columns, graph.outputs)
    assert set(np.flatnonzero(leading(fresh)).tolist()) == expected
    rows = tape_order(fresh).tolist()
    place = {row: at for at, row in enumerate(rows)}
    assert place.keys() == expected
    assert all(place[each] < place[row] for row in rows for each in graph.operands(row))


def test_code_stays_while_a_function_of_it_is_held(
    monkeypatch: pytest.MonkeyPatch, only_new_garbage: None
) -> None:
    """A process keeps its last libraries only; who calls an older one must not call what is gone."""
    monkeypatch.setattr(machine, "_libraries", {})
    monkeypatch.setattr(machine, "_MOST_LIBRARIES", 1)
    texts = [f"define i64 @number() {{\n ret i64 {number}\n}}\n" for number in range(8)]
    calls = []
    for text in texts:
        made = machine.library(text, lambda text=text: text)
        gone = weakref.ref(made)
        calls.append(made.function("number", ctypes.c_int64))
        del made
        gc.collect()
        assert gone() is not None
    del machine._libraries[texts[-1]]
    gc.collect()
    assert gone() is not None
    assert [call() for call in calls] == list(range(8))
    del calls
    gc.collect()
    assert gone() is None
