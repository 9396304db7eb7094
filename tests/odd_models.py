"""Random models that sit on zeros, poles, corners, borders, under- and overflow; and smaller ones.

A model is a few equations and a number for each input. An expression is a nested tuple: a name,
a number, or an operation of the table and its operands. The same seed gives the same model.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Tree = Any
"""A name (str), a number (float), or (operation, operand, …)."""

NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 40.0, -0.5, 1e300, -1e300, 1e-300, -1e-300)
EXTREMES = (5e-324, -5e-324, 1e308, -1e308, 1e-308, 1e200, 1e-200, 1e150, 1e-160, 700.0, -745.0)
LITERALS = (0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0, 1e200, 1e-200, 1e300, 1e-300, 1e-8, 10.0)
EXPONENTS = (2.0, 2.0, 3.0, 4.0, 0.5, 0.5, 0.75, 0.25, 1.5, 1.0, 0.0, -1.0, -0.5, ("/", 1.0, 3.0))

UNARY = """sqrt sqrt sqrt sqrt cbrt cbrt cbrt asin acos acosh atanh log log1p exp exp abs abs relu
relu neg sin cos cos tan tanh cosh sinh asinh atan erf erfc sigmoid softplus silu gelu expm1 floor
ceil round sign log2 log10 exp2 sec csc cot sinc sinc erfinv erfinv normcdf normpdf logsigmoid selu selu mish""".split()
BINARY = "* * * * * * + + + - - - / ^ ^ ^ ^ hypot atan2 min max min max logsumexp elu".split()
COMPARISONS = "< <= > >= == !=".split()
NEWER = 1_000_000
"""From this seed on models have the newer forms as well, which earlier seeds have not."""

INVERSES = "sin asin, sin asin, cos acos, cos asin, sin acos, cosh acosh, sinh acosh, tan atan, erf erfinv".split(
    ", "
)
INFIX = {"+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or"}


class Model(NamedTuple):
    """equations: names and expressions, the output last. values: a number for each input."""

    equations: tuple[tuple[str, Tree], ...]
    values: Mapping[str, float]

    @property
    def text(self) -> str:
        return "; ".join(f"{name} = {written(tree)}" for name, tree in self.equations)

    def __str__(self) -> str:
        at = ", ".join(f"{name}={number!r}" for name, number in self.values.items())
        return f"{self.text}  at {at}"


def written(tree: Tree) -> str:
    """The text of an expression, with brackets around every operation that has a sign."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, float):
        text = repr(tree).replace("e+", "e").removesuffix(".0")
        return f"({text})" if text.startswith("-") else text
    name, *operands = tree
    texts = [written(each) for each in operands]
    if name in INFIX:
        return f"({texts[0]} {name} {texts[1]})" if name.isalpha() else f"({name.join(texts)})"
    if name == "neg":
        return f"(-{texts[0]})"
    return f"(not {texts[0]})" if name == "not" else f"{name}({', '.join(texts)})"


def random_model(seed: int) -> Model:
    """The model of a seed, which may have no value."""
    chance = random.Random(f"odd points {seed}")
    inputs = ["a", "b", "c"][: chance.choice((1, 1, 2, 2, 3))]
    names = list(inputs)
    equations = []
    middle = ["u", "v", "w"][: chance.choice((0, 0, 1, 1, 2, 3))]
    for name in [*middle, "y"]:
        if name == "y" and middle and chance.random() < 0.5:
            names = [*names[-len(middle) :], chance.choice(inputs)]  # what came before matters
        newer = seed >= NEWER
        tree = _tree(chance, names, chance.choice((1, 2, 2, 3)), newer)
        if newer and not re.search(r"\b[abcuvw]\b", written(tree)):
            tree = (
                "+",
                tree,
                chance.choice(names),
            )  # a number is an input's, not computed in doubles
        equations.append((name, tree))
        names.append(name)
    pools = (NUMBERS, NUMBERS[:6], (0.0, -0.0), (*NUMBERS, *EXTREMES), EXTREMES)
    pool = chance.choice(pools if seed < NEWER else (NUMBERS[2:6], *pools))
    return _used(Model(tuple(equations), {name: chance.choice(pool) for name in inputs}))


def _tree(chance: random.Random, names: list[str], depth: int, newer: bool = False) -> Tree:
    def inner() -> Tree:
        return _tree(chance, names, depth - 1, newer)

    def name() -> str:
        return chance.choice(names)

    if depth <= 0:
        return name() if chance.random() < 0.8 else chance.choice(LITERALS)
    if newer and chance.random() < 0.5:
        return chance.choice(NEWER_TEMPLATES)(inner, chance)
    kind = chance.random()
    if kind < 0.34:
        return (chance.choice(UNARY), inner())
    if kind < 0.70:
        op = chance.choice(BINARY)
        if op == "^" and chance.random() < 0.9:
            return (op, inner(), chance.choice(EXPONENTS))
        return (op, inner(), inner())
    if kind < 0.78:
        condition: Tree = (chance.choice(COMPARISONS), inner(), chance.choice((inner(), 0.0, 1.0)))
        if chance.random() < 0.15:
            condition = ("not", condition)
        elif chance.random() < 0.15:
            condition = (chance.choice(("and", "or")), condition, (">", name(), 0.0))
        return ("if", condition, inner(), inner())
    return chance.choice(TEMPLATES)(inner, chance)


Inner = Callable[[], Tree]


def _there_and_back(inner: Inner, chance: random.Random) -> Tree:
    """Large factors and small ones, which cancel, in an order that leaves the range on the way."""
    size = chance.choice((1e150, 1e200, 1e250, 1e300))
    factors = [size, size, 1 / size, 1 / size]
    if chance.random() < 0.5:
        factors.reverse()
    found = inner()
    for factor in factors:
        found = ("*", found, factor) if chance.random() < 0.7 else ("/", found, 1 / factor)
    return found


def _root_of_squares(inner: Inner, chance: random.Random) -> Tree:
    return ("sqrt", ("+", ("^", inner(), 2.0), ("^", inner(), 2.0)))


def _twice(inner: Inner, chance: random.Random) -> Tree:
    """The same expression twice."""
    found = inner()
    return (chance.choice(("*", "*", "+", "-", "min", "hypot")), found, found)


def _lost(inner: Inner, chance: random.Random) -> Tree:
    """What rounds to a whole number, for some values inside."""
    found = inner()
    return chance.choice(
        (
            ("tanh", found),
            ("exp", ("neg", found)),
            ("erfc", found),
            ("+", 1.0, found),
            ("-", 1.0, found),
            ("-", ("+", 1.0, found), 1.0),
            ("*", found, found),
            ("*", 1e-200, found),
        )
    )


def _step(inner: Inner, chance: random.Random) -> Tree:
    """A step function, or a comparison, of an input or of what rounding changes."""
    found = inner() if chance.random() < 0.4 else _lost(inner, chance)
    name = chance.choice(("sign", "floor", "ceil", "round", "mod", *COMPARISONS))
    if name in COMPARISONS:
        return (name, found, chance.choice((0.0, 1.0, inner())))
    return ("mod", found, 1.0) if name == "mod" else (name, found)


TEMPLATES: tuple[Callable[[Inner, random.Random], Tree], ...] = (
    _there_and_back,
    _there_and_back,
    _root_of_squares,
    _twice,
    lambda inner, chance: ("exp", ("neg", ("^", inner(), 2.0))),
    lambda inner, chance: ("exp", ("*", chance.choice((-700.0, 700.0, -1e3)), inner())),
    lambda inner, chance: ("*", 0.0, inner()),
    lambda inner, chance: ("*", inner(), (chance.choice(("sqrt", "cbrt", "acosh")), inner())),
    lambda inner, chance: ("^", (chance.choice(("sqrt", "cbrt", "acos")), inner()), 2.0),
    lambda inner, chance: (
        chance.choice(("sqrt", "cbrt")),
        ("^", inner(), chance.choice((2.0, 3.0))),
    ),
    lambda inner, chance: ("-", 1.0, ("cos", inner())),
    lambda inner, chance: ("abs", ("-", inner(), inner())),
    lambda inner, chance: ("*", inner(), _step(inner, chance)),
    lambda inner, chance: (
        chance.choice(("sqrt", "cbrt", "cbrt")),
        ("*", ("^", inner(), chance.choice((1.0, 2.0, 3.0))), _step(inner, chance)),
    ),
    lambda inner, chance: ("*", (chance.choice(("sqrt", "cbrt")), inner()), _step(inner, chance)),
    lambda inner, chance: ("if", ("==", _lost(inner, chance), 1.0), inner(), inner()),
)


def _gone(inner: Inner, chance: random.Random) -> Tree:
    """What is too small for a double, and comes back."""
    found = inner()
    size = chance.choice((1e170, 1e200, 1e200, 1e250))
    if chance.random() < 0.3:
        return ("*", ("*", ("exp", ("*", chance.choice((-700.0, -1e3)), found)), 1e300), 1e100)
    lost = ("*", found, found) if chance.random() < 0.3 else ("*", ("*", found, 1 / size), 1 / size)
    if chance.random() < 0.2:
        lost = ("+", lost, ("*", ("*", inner(), 1 / size), 1 / size))
    return ("*", ("*", lost, size), size)


def _behind(inner: Inner, chance: random.Random) -> Tree:
    """Such a number under what has slope 0 at 0, or as the factor of another."""
    found = _gone(inner, chance)
    kind = chance.choice("^ ^ cos cosh hypot tanh * * sin exp".split())
    if kind == "^":
        return ("^", found, chance.choice((2.0, 3.0)))
    if kind == "hypot":
        return ("hypot", found, chance.choice((1.0, inner())))
    if kind == "*":
        return ("*", found, inner())
    if kind in ("sin", "exp"):
        return ("*", inner(), (kind, found))
    return ("^", (kind, found), 2.0) if kind == "tanh" else (kind, found)


def _inverse(inner: Inner, chance: random.Random) -> Tree:
    """A function of what its inverse, or that of another one, gives: often at the end of a domain."""
    outer, inside = chance.choice(INVERSES).split()
    found = (inside, inner())
    found = ("*", 2.0, found) if chance.random() < 0.2 else found
    found = ("+", found, inner()) if chance.random() < 0.1 else found
    return ("^", (outer, found), 2.0) if chance.random() < 0.3 else (outer, found)


def _reciprocal(inner: Inner, chance: random.Random) -> Tree:
    """A large number whose slopes are too small for a double."""
    small = chance.choice((("/", 1.0, inner()), ("^", inner(), chance.choice((-1.0, -2.0)))))
    other = ("*", inner(), small)
    outer = chance.choice(("log", "/", "/", "sqrt", "cbrt", "atan", "*", "log1p", "tanh"))
    if outer == "/":
        return ("/", chance.choice((1.0, inner())), small)
    return other if outer == "*" else (outer, chance.choice((small, small, other)))


NEWER_TEMPLATES = (_gone, _behind, _behind, _behind, _inverse, _inverse, _reciprocal, _reciprocal)


def smaller(model: Model) -> Iterator[Model]:
    """Models that are simpler by one step."""
    equations = model.equations
    for at, (name, tree) in enumerate(equations[:-1]):  # an equation becomes an input, or goes
        rest = equations[:at] + equations[at + 1 :]
        yield _used(Model(tuple((n, _put(t, name, tree)) for n, t in rest), model.values))
        for number in (0.0, 1.0):
            yield _used(Model(rest, {**model.values, name: number}))
    for at, (name, tree) in enumerate(equations):
        for simpler in _simpler(tree):
            yield _used(
                Model((*equations[:at], (name, simpler), *equations[at + 1 :]), model.values)
            )
    for name, number in model.values.items():
        for simple in (0.0, 1.0, 2.0):
            if number != simple and abs(number) not in (0.0, 1.0):
                yield Model(equations, {**model.values, name: simple})


def _used(model: Model) -> Model:
    """Without the inputs and the equations that nothing needs any more."""
    needed, kept = {model.equations[-1][0]}, []
    for name, tree in reversed(model.equations):
        if name in needed:
            needed |= set(re.findall(r"\b[abcuvwy]\b", written(tree)))
            kept.append((name, tree))
    values = {name: number for name, number in model.values.items() if name in needed}
    return Model(tuple(reversed(kept)), values)


def _put(tree: Tree, name: str, inside: Tree) -> Tree:
    if isinstance(tree, tuple):
        return (tree[0], *[_put(each, name, inside) for each in tree[1:]])
    return inside if tree == name else tree


def _simpler(tree: Tree) -> Iterator[Tree]:
    if not isinstance(tree, tuple):
        if isinstance(tree, float) and abs(tree) not in (0.0, 1.0):
            yield from (0.0, 1.0, 2.0) if tree != 2.0 else (0.0, 1.0)
        return
    yield from tree[1:]
    if any(isinstance(each, (tuple, str)) for each in tree[1:]):
        yield from (0.0, 1.0)
    for at, operand in enumerate(tree[1:], 1):
        for simpler in _simpler(operand):
            yield (*tree[:at], simpler, *tree[at + 1 :])


def size(model: Model) -> int:
    return len(str(model))


def shrunk(model: Model, fails: Callable[[Model], bool]) -> Model:
    """The smallest model that can be found by single steps and still fails."""
    going = True
    while going:
        going = False
        for each in smaller(model):
            if size(each) < size(model) and fails(each):
                model, going = each, True
                break
    return model
