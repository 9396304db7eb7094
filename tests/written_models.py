"""Models over rows, made at random, in three forms: equations over columns, the same written out row by row with
an index, and what mpmath makes of them.

Nothing here is backprop's but the texts: they are read by Python's own parser. Rows are a few different ones, each
so many times: of many rows mpmath computes a few.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from truth import mp, truth

BITS = 400
"""Of a value; differences of values by 2^-110 are slopes to 1e-33."""

_OF_ONE = {
    "exp": "{}", "exp2": "{}", "expm1": "{}", "log": "1+({})^2", "log2": "1+({})^2", "log10": "0.5+({})^2",
    "log1p": "({})^2", "sqrt": "1+({})^2", "cbrt": "1+({})^2", "sin": "{}", "cos": "{}", "tan": "tanh({})",
    "sec": "tanh({})", "csc": "1+sigmoid({})", "cot": "1+sigmoid({})", "asin": "0.9*tanh({})",
    "acos": "0.9*tanh({})", "atan": "{}", "sinc": "{}", "sinh": "{}", "cosh": "{}", "tanh": "{}", "sech": "{}",
    "asinh": "{}", "acosh": "1.5+({})^2", "atanh": "0.9*tanh({})", "erf": "{}", "erfc": "{}",
    "erfinv": "0.9*tanh({})", "normcdf": "{}", "normpdf": "{}", "gamma": "1+2*sigmoid({})",
    "lgamma": "3+({})^2", "digamma": "2+({})^2", "abs": "{}", "sign": "{}", "floor": "{}", "ceil": "{}",
    "round": "{}", "relu": "{}", "sigmoid": "{}", "softplus": "{}", "logsigmoid": "{}", "silu": "{}",
    "gelu": "{}", "selu": "{}", "mish": "{}",
}  # fmt: skip
"""What keeps a number where the function has a value that is not too large."""

_OF_TWO = {
    "hypot": "{}, {}", "atan2": "{}, 1+({})^2", "min": "{}, {}", "max": "{}, {}", "mod": "{}, 1+({})^2",
    "logsumexp": "{}, {}", "pow": "1+({})^2, {}", "logaddexp": "{}, {}",
}  # fmt: skip
_WITH_NUMBERS = (
    "polygamma(2, 1+({})^2)",
    "leaky_relu({}, 0.1)",
    "elu({}, 1.5)",
    "clamp({}, -0.7, 0.8)",
)
_OTHERS = (
    "({} + {})",
    "({} - {})",
    "({})*({})",
    "({})/(2+({})^2)",
    "(1.5+sin({}))^({})",
    "-({}) + {}",
)


def formula(chance: random.Random, depth: int, names: Sequence[str]) -> str:
    """A formula of all operations that have a value everywhere, or can be given one."""
    if depth == 0 or chance.random() < 0.12:
        return chance.choice([*names, *names, str(chance.randint(1, 9) / 4)])
    one, other, third = (formula(chance, depth - 1, names) for _ in range(3))
    kind = chance.random()
    if kind < 0.35:
        return chance.choice([*_OTHERS, "({})^2 - {}", "(1+({})^2)^0.5*{}"]).format(one, other)
    if kind < 0.7:
        name = chance.choice([*_OF_ONE])
        return f"{name}({_OF_ONE[name].format(one)})"
    if kind < 0.8:
        return chance.choice(_WITH_NUMBERS).format(one)
    if kind < 0.9:
        name = chance.choice([*_OF_TWO])
        return f"{name}({_OF_TWO[name].format(one, other)})"
    condition = f"{one} {chance.choice(['<', '<=', '>', '>='])} {other}"
    if chance.random() < 0.3:
        condition = f"({condition}) {chance.choice(['and', 'or'])} not ({third} > 0.3)"
    return f"if({condition}, {third}, {one})"


class WrittenModel:
    """inputs: parameters with their numbers. rows: the numbers of the columns x, y and k of different rows.
    few: whether no row comes twice, so that there can be a largest one."""

    def __init__(self, number: int, few: bool, different: int) -> None:
        chance = random.Random(number)
        self.inputs = {name: round(chance.uniform(-1, 1), 3) for name in "abc"}
        self.members = [round(chance.uniform(-1, 1), 3) for _ in range(3)]
        self.rows = {
            "x": [round(chance.uniform(-2, 2), 4) for _ in range(different)],
            "y": [round(chance.uniform(-2, 2), 4) for _ in range(different)],
            "k": [chance.randint(1, 3) for _ in range(different)],
        }
        gathers = [
            "sum",
            "mean",
            "sum",
            "mean",
            "prod",
            "logsumexp",
            *(["max", "min"] if few else []),
        ]
        self._made: list[tuple[str, str, str]] = []
        """Of each equation its name, what gathers it over rows, . for a column and "" for neither, and its text."""
        ones, columns = [*self.inputs], ["x", "y", "w[k]"]
        for at in range(chance.randint(0, 3)):
            self._made.append((f"r{at}", ".", formula(chance, 2, [*ones, *columns]) + " + 0*x"))
            columns.append(f"r{at}")
            if chance.random() < 0.5:
                gather, text = chance.choice(gathers), formula(chance, 2, [*ones, *columns])
                text = f"1 + 0.0001*sin({text})" if gather == "prod" else text
                self._made.append((f"s{at}", gather, f"{text} + 0*y"))
                ones.append(f"s{at}")
        gather, text = (
            chance.choice(["sum", "mean", "logsumexp"]),
            formula(chance, 3, [*ones, *columns]),
        )
        self._made.append(("g", gather, f"{text} + 0*y"))
        self._made.append(("L", "", f"g + a*b + {formula(chance, 1, ones)}"))

    def _numbers(self) -> list[str]:
        numbers = [f"{name} = {number}" for name, number in self.inputs.items()]
        return [*numbers, *(f"w[{at}] = {number}" for at, number in enumerate(self.members, 1))]

    def text(self) -> str:
        """The equations over columns."""
        lines = [
            f"{n} = {g}({t})" if g not in (".", "") else f"{n} = {t}" for n, g, t in self._made
        ]
        return "\n".join([*self._numbers(), *lines, "output L"])

    def with_index(self, indices: Sequence[int]) -> str:
        """The same of one row after the other. indices: of each the number of k."""
        names = {"x", "y", "k", *(name for name, gather, _ in self._made if gather == ".")}
        word = re.compile(rf"\b({'|'.join(names)})\b")
        of, lines = f"for i in 1..{len(indices)}", list[str]()
        for name, gather, text in self._made:
            each = word.sub(r"\1[i]", text)
            if gather == ".":
                lines.append(f"{name}[i] = {each} {of}")
            else:
                lines.append(f"{name} = {gather}({each} {of})" if gather else f"{name} = {text}")
        own = [f"k[{at}] = {number}" for at, number in enumerate(indices, 1)]
        used = " ".join(lines)
        known = [f"const {name}[*]" for name in "xy" if f"{name}[i]" in used]
        return "\n".join([*self._numbers(), *own, *known, *lines, "output L"])

    def truth(self, times: Sequence[int]) -> tuple[Any, dict[str, Any], float, float]:
        """Value and slopes, and how far both move, relative, where all numbers move by their last bits. times:
        how often each row comes."""
        trees = [(name, gather, _tree(text)) for name, gather, text in self._made]
        by = [*self.inputs, *(f"w[{at}]" for at in range(1, 4))]
        with mp.workprec(BITS):
            chance = random.Random(1)
            shaken = {
                name: 1 + mp.mpf(chance.uniform(-1, 1)) * mp.mpf(2) ** -52
                for name in [*by, "x", "y"]
            }
            found = list[Any]()
            for factors in ({}, shaken):
                step = mp.mpf(2) ** -110
                value = self._value(trees, times, factors, {})
                slopes = {
                    name: (
                        self._value(trees, times, factors, {name: step})
                        - self._value(trees, times, factors, {name: -step})
                    )
                    / (2 * step)
                    for name in by
                }
                found.append((value, slopes))
            (value, slopes), (moved, others) = found
            size = max(map(abs, slopes.values())) or mp.mpf(1)
            off = max(abs(slopes[name] - others[name]) for name in by) / size
            return value, slopes, float(abs(moved - value) / (abs(value) or 1)), float(off)

    def _value(
        self,
        trees: Sequence[Any],
        times: Sequence[int],
        factors: Mapping[str, Any],
        more: Mapping[str, Any],
    ) -> Any:
        def number(name: str, given: float) -> Any:
            return mp.mpf(given) * factors.get(name, 1) + more.get(name, 0)

        ones = {name: number(name, given) for name, given in self.inputs.items()}
        members = [number(f"w[{at}]", given) for at, given in enumerate(self.members, 1)]
        rows = [
            {
                name: number(name, self.rows[name][row]) if name != "k" else self.rows[name][row]
                for name in "xyk"
            }
            for row in range(len(times))
        ]

        def of(row: Mapping[str, Any]) -> Callable[..., Any]:
            return lambda name, at=None: members[int(at) - 1] if at else {**ones, **row}[name]

        for name, gather, tree in trees:
            if gather == "":
                ones[name] = _worth(tree, of({}))
            elif gather == ".":
                for row in rows:
                    row[name] = _worth(tree, of(row))
            else:
                terms = [
                    (_worth(tree, of(row)), n) for row, n in zip(rows, times, strict=True) if n
                ]
                ones[name] = _GATHERED[gather](terms)
        return ones["L"]


_GATHERED: dict[str, Callable[[Sequence[tuple[Any, int]]], Any]] = {
    "sum": lambda terms: mp.fsum(x * n for x, n in terms),
    "mean": lambda terms: mp.fsum(x * n for x, n in terms) / sum(n for _, n in terms),
    "max": lambda terms: max(x for x, _ in terms),
    "min": lambda terms: min(x for x, _ in terms),
    "prod": lambda terms: mp.fprod(x**n for x, n in terms),
    "logsumexp": lambda terms: mp.log(mp.fsum(mp.exp(x) * n for x, n in terms)),
}
_COMPARED: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: lambda x, y: x < y, ast.LtE: lambda x, y: x <= y, ast.Gt: lambda x, y: x > y, ast.GtE: lambda x, y: x >= y,
}  # fmt: skip
_NAMES = {"pow": "^", "logaddexp": "logsumexp"}


def _tree(text: str) -> Any:
    return ast.parse(text.replace("^", "**").replace("if(", "choose("), mode="eval").body


def _worth(tree: Any, of: Callable[..., Any]) -> Any:
    """What a formula is. of: the number of a name, or of its member."""
    match tree:
        case ast.Constant():
            return mp.mpf(tree.value)
        case ast.Name():
            return of(tree.id)
        case ast.Subscript():
            return of(tree.value.id, _worth(tree.slice, of))
        case ast.UnaryOp(op=ast.USub()):
            return -_worth(tree.operand, of)
        case ast.UnaryOp():
            return mp.mpf(_worth(tree.operand, of) == 0)
        case ast.Compare():
            one, other = _worth(tree.left, of), _worth(tree.comparators[0], of)
            return mp.mpf(_COMPARED[type(tree.ops[0])](one, other))
        case ast.BoolOp():
            met = [_worth(each, of) != 0 for each in tree.values]
            return mp.mpf(all(met) if isinstance(tree.op, ast.And) else any(met))
        case ast.BinOp():
            one, other = _worth(tree.left, of), _worth(tree.right, of)
            match tree.op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div():
                    return one / other
            return one ** int(other) if other == int(other) else mp.power(one, other)
    assert isinstance(tree, ast.Call)
    name = tree.func.id
    if name == "choose":
        condition, then, otherwise = tree.args
        return _worth(then if _worth(condition, of) != 0 else otherwise, of)
    operands = [_worth(each, of) for each in tree.args]
    return truth(_NAMES.get(name, name))(*operands)
