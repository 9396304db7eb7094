"""The quick route for long texts: whatever it reads, it reads exactly as the ordinary route does."""

from __future__ import annotations

import gc
import random
import re
from collections.abc import Callable, Iterator

import pytest

from backprop import BackpropError, parse
from backprop.evaluation.gradient import gradient
from backprop.language import Model, by_shape, reading
from backprop.language.reading import read_carefully
from backprop.operations import CONSTANTS, FUNCTIONS
from backprop.source import Source
from backprop.syntax import pieces
from backprop.syntax.grammar import token_pattern


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts too, and a function for a shape that comes twice."""
    monkeypatch.setattr(by_shape, "_LEAST", 0)
    monkeypatch.setattr(by_shape, "_REPEATED", 2)
    monkeypatch.setattr(reading, "_LONG", 0)


def nodes(model: Model) -> Iterator[tuple[object, ...]]:
    """Everything that a Model has, with rows as they are met: the same number, the same row."""
    columns = model.columns
    numbers: dict[int, int] = {}
    stack = [*model.names.values(), *model.defaults.values()][::-1]
    while stack:
        node = stack.pop()
        if node in numbers:
            yield "again", numbers[node]
            continue
        numbers[node] = len(numbers)
        spans = [(span.start, span.end) for span in model.span(node)]
        data = repr(columns.constant(node)) if columns.is_number(node) else ""
        operands = columns.operands(node)
        name = model.labels.get(node)
        yield name, columns.op(node), len(operands), data, spans, model.text(node)
        stack += operands[::-1]


def meaning(model: Model) -> list[object]:
    named = [(name, model.labels[node]) for name, node in model.names.items()]
    lists: list[object] = [
        model.inputs,
        model.outputs,
        [*model.defaults],
        model.fixed,
        model.functions,
    ]
    lists += [model.constants, model.bounds, model.uncertainties, model.goal, model.written]
    places = [*map(model.equation, model.names)]
    return [named, *lists, places, dict(model.repeated), *nodes(model)]


def mistakes(source: Source, read: Callable[[Source], Model]) -> list[object] | Model:
    try:
        return read(source)
    except BackpropError as error:
        return [
            (
                type(each),
                each.message,
                each.hints,
                [(label.span[1:], label.text) for label in each.labels],
            )
            for each in error.all
        ]


def compared(text: str) -> bool:
    """Whether the quick route has read the text: then the ordinary route must have read the same."""
    source = Source("text", text)
    model = by_shape.read_quickly(source, 10_000_000)
    if model is None:
        return False
    ordinary = mistakes(source, read_carefully)
    assert isinstance(ordinary, Model), f"only the quick route reads {text!r}: {ordinary}"
    assert meaning(model) == meaning(ordinary), text
    return True


# ------------------------------------------------------------------------- written by hand

PLAIN = [
    "a = 2\nb = -3\nc = 2*pi\nd = --4\nL = a*b + c*d",
    "y = x\nz = (x)\nw = +x\nu = ((y))",
    "y = (a + b)\nz = ((a*b))\nu = -(c)\nv = -(3)\nw = -(-(3))",
    "y = 3 * -2 ; z = 2^-1 ; u = -x^2 ; v = 2**3**x",
    "L = a*b; a = 1; b = 2",
    "L = a*b; a = b + 1; b = c; c = 2",
    "y = if(x > 0, sqrt(x), 0); z = not x and y or x; w = if (x <= y, 1, 2); v = not(x) or (y)",
    "y = sin (x); z = sin(x); w = sin\t( x ); v = cos (x)",
    "y = sin(x)\ny2 = cos(x)\ny3 = sin(y)",
    "y = log2(x) + log10(x) + atan2(x, y0) + log1p(x) + expm1(x)",
    "y = leaky_relu(x); z = leaky_relu(x, 0.1); w = leaky_relu(2); v = leaky_relu(-2)",
    "y = min(a, b, c, d); z = max(a, 2, b); w = hypot(a, b, 3, 4); v = min(1, 2, 3)",
    "y = pow(x, 2); z = x^2; w = polygamma(1, x); v = polygamma(1, 2)",
    "gamma = 0.9; y = gamma(gamma) + gamma",
    "sin = 2; y = sin(sin) + sin (sin)",
    "name = 1; number = name; other = blank; plus = comment + newline",
    "y = pi; z = -pi; w = 2*pi*x; v = inf; u = -inf",
    "pi = 3; y = pi*x; z = 2*pi",
    "x' = 1; y'' = x' + x'*2; z = sin(x') - x''",
    "y = 1e-3*x - 1E+5 + 1.e5 + .5e-7 + 5. - 0.1 + 00012 + 1e0",
    "y = x1e-3 + a1E+5 + _e-4; x1e = 2",
    "y = (a +\n b)\nz = a *\n b\nw =\n 3\nv = min(a,\n\n  # so\n b)",
    "y = (a +\n b); z = (y # why; not\n ); w = z",
    "# a comment; with = signs\ny = a*b # behind; it\n   # and alone\n\n;;\n; z = y;# last",
    "y = a*b   # Gr\u00f6\u00dfe \u2028 in metres\nz = y\t\t# \u222b",
    "y = a*b\r\nz = y*b\r\nw=z*z\r\n\r\n",
    "y = a*b\rz = y*b\rw=z*z",
    "y = a < b\nz = a == b\nw = a != b\nv = a >= b",
    "v0 = 2*u0\nv1 = 3*u1\nv2 = 4*u2\nv3 = 5*u3\nv4 = nan*u4\nv5 = 2*u5\nv6 = new*newer\n",
    "v0 = pi*u0\nv1 = pi*u1\nv2 = pi*u2\nv3 = pi*u3\nv4 = new*u4\nv5 = pi*u5\nv6 = a*b\n",
    "  y = a*b\n\ty2 = a*b\n y3 = y*y",
    "const k = 3\nspeed = 2\nL = k*speed",
    "const k = 2*pi\nL = k*v\nconst v, u\nw = u",
    "a = 1 in 0..5\nb = 2 in ..7\nc = 3 in 0.. # so\nd = -4 in -5 .. 5\nL = a*b*c*d\nminimize L",
    "a = 1 +/- 0.5\nb = 2.0(1)\nc = -6.67(15)e-11 in -1..\nL = a*b\noutput L; z = c",
    "const = 3\noutput = const*2\nminimize = output\nmaximize = minimize + const",
    "const\tc = 3\n const  d=4;const e = 5\r\nL = c*d\r\n\tmaximize L\r\n",
    "L = g*x\nconst g = 2\nconst x\nM = L\n output M",
    "const pi = 3; y = pi; const e = -2; z = e",
    "a = 1 + 2*3\nb = sin(0.5)\nc = if(1 > 2, 3, 4)\nd = pi/4\ne = a + b + c + d",
]
"""Texts that the quick route reads."""

OTHERS = [
    "",
    "# nothing",
    ";\n;",
    "a = 1\na = 2",
    "a = b\nb = 1\na = 3",
    "a = a + 1",
    "a = b; b = c; c = a",
    "y = pi*2\npi = 3",
    "y = 2*x\npi = 3\nz = pi*x\npi = 2",
    "for = 3",
    "y = for + 1",
    "if = 2; y = if",
    "y = and",
    "3 = x",
    " 3 = x\n 4 = y\n 5 = z",
    "y = 1e999",
    "a = 1\nb = 2\nc = 3\nd = 1e999",
    "y = 1_000\nz = 1_0\nu = _0",
    "y = 2x",
    "y = 2 x",
    "y = a b",
    "y = 1..3",
    "y = 1.2.3",
    "y = a.b\nz = a.c",
    "y = .\nz = .e5\nw = 1e\nv = 1e+",
    "y = nan(x)",
    "y = 0x10\nz = 0x11",
    "y = x'y",
    "y = 'x'",
    "y = f(x)\nz = f(x)\nw = f(y)",
    "f(x) = x^2\ny = f(a)\nz = f(b)",
    "y = sin(x, 2)\nz = sin(x, y)\nw = sin()",
    "x[i] = i for i in 1..3\ny = x[1]",
    "y = sum(i*i for i in 1..3)",
    "w ~ uniform(0, 1)",
    "y ~ a*x",
    "y = sum(x)",
    "y = (a\nz = b",
    "y = a)\nz = b",
    "y = a +",
    "y = a + * b",
    "a == b",
    "a + b",
    "y = a = b",
    "a = 2 +- 0.1",
    "y = x +- z\nw = y +- x\nv = w +- y\na = 2 +- 0.1",
    "y = a*b = 2*3 = 6",
    "y = a*b = 2*3 = 6\nz = a*b = 6\nw = c*d = 2*d = 7",
    "a = 3 = 3\nb = 4 = 5",
    "y = a = 3",
    "y += a",
    "y = a\x00",
    "y = a # \x07",
    "y = a\x0bz = b",
    "\u00e4 = 2\ny = \u00e4",
    "y = 2\u00d7x",
    "y\u00a0= x",
    "y = x\u2028z = y",
    "y = log(2, 8)",
    "y = {a}",
    "y = a, b",
    "y = a & b",
    "y = a < b < c",
    "speed k = 3\nconst k = 3",
    "const k = 3\nspeed k = 3",
    "const k = 3\nconst j = 4\nconst i = 5\nspeed h = 3",
    "const k = 3\nconst j = k\n",
    "y = const k",
    "const k = 3\nk = 4",
    "const k\nconst k\ny = k",
    "const y\ny = 2*x",
    "minimize y\ny = 2*x\noutput y",
    "minimize y, z; y = 2; z = 3",
    "minimize q; y = 2*x",
    "const\nk = 3",
    "a = 1 in 0..b\nb = 3",
    "a = 7 in 0..5",
    "a = 1 in 5..0",
    "a = 1 in 0...5",
    "a = 1 in 0.5",
    "a = x in 0..1",
    "a = 2(3)\nb = 2.5(3)*x",
    "a = 2.5(3)x\nb = 2.(3)",
    "a = 5 % 3",
    "const w[*]\ny = w[1]",
    "const x[1] = 3; y = x[1]",
    "f(x) = x +/- 2; y = f(1)",
]
"""Texts that are wrong, or not plain: all but a few for the ordinary route only."""


@pytest.mark.parametrize("text", PLAIN)
def test_plain_texts_are_read_alike(text: str) -> None:
    assert compared(text)


_FIRST = re.compile(r"(?:const|minimize|maximize|output)\s+[A-Za-z]")


def _renamed(text: str, k: int) -> Iterator[str]:
    """The tokens of a text, with k in its names, before their primes."""
    for found in token_pattern(False).finditer(text):
        word, given = found.group(), {*FUNCTIONS, *CONSTANTS}
        name = word.rstrip("'")
        said = _FIRST.match(text, found.start(found.lastgroup or 0))
        if found.lastgroup == "NAME" and word.strip() not in given and not said:
            word = f"{name}{k}{word[len(name) :]}"
        yield word


@pytest.mark.parametrize("text", [*PLAIN, *OTHERS])
def test_the_same_shapes_again_are_read_alike(text: str) -> None:
    """Each statement five times, under other names, so that the functions do the reading."""
    again = ["".join(_renamed(text, k)) for k in range(5)]
    read = compared("\n".join(again))
    several = re.search("(minimize|maximize|output) [A-Z]", text)
    assert (
        read
        or text in OTHERS
        or several
        or text.startswith(("pi =", "const pi", "sin =", "gamma ="))
    )


@pytest.mark.parametrize("text", OTHERS)
@pytest.mark.parametrize("before", ["", "x0 = 1\nx1 = 2\nx2 = x0*x1\nx3 = x1*x2\nx4 = x2*x3\n"])
def test_other_texts_are_not_read_otherwise(text: str, before: str) -> None:
    compared(before + text)
    source = Source("text", before + text)
    whole, ordinary = mistakes(source, reading.read_model), mistakes(source, read_carefully)
    if isinstance(ordinary, list):
        assert whole == ordinary


SHAPES = [
    "% = %*% + sin(%)",
    "% = 2.5*% - 1e-3",
    "% = 0.5",
    "% = -3; % = 2",
    "% = %",
    "% = max(%, 2, %)",
    "% = if(% > 0, %, 1) + pi",
    "% = not % and sin (%) < 2",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_odd_leaf_among_many_plain_ones(shape: str) -> None:
    """In a shape that is known and read in runs, at every leaf."""

    def plain(k: int) -> str:
        names = iter((f"v{k}", *"abcd")) if ";" not in shape else iter((f"v{k}", f"u{k}"))
        return re.sub("%", lambda _: next(names), shape)

    odd = [*_NUMBERS, *_ODD_NUMBERS, *_ODD_NAMES, "v1", "v99", "v7", "v8", "a", "new", "cos", ""]
    before = [plain(k) for k in range(6)]
    statement = plain(7)
    leaves = list(re.finditer(r"\b(?:[a-z]\w*|[0-9.]+(?:e-3)?)", statement))
    read = 0
    for leaf in leaves:
        for word in odd:
            other = statement[: leaf.start()] + word + statement[leaf.end() :]
            lines = [*before, other, plain(8), plain(9), "v99 = v1", "new = a", ""]
            read += compared("\n".join(lines))
    assert read > len(leaves) * len(_NUMBERS) / 3


def test_the_words_of_the_grammar_are_known() -> None:
    assert pieces.reserved() == {"for", "in", "if", "and", "or", "not"}


def _token(text: str) -> bool:
    found = token_pattern(False).match(text)
    return found is not None and found.end() == len(text) and found.lastgroup in ("NAME", "NUMBER")


def test_leaves_are_the_tokens_of_the_grammar() -> None:
    """Where every leaf is a token by itself, they are the text's tokens: what `templates` relies on."""
    drawn = random.Random(1)
    alike = 0
    for _ in range(30_000):
        text = "".join(drawn.choices("aeE_x019.'+-*( =", k=drawn.randrange(1, 12)))
        code = pieces.plain(text)
        if code is None:
            continue
        ((line, key),) = pieces.pieces(code)
        leaves = line.split()
        between = key.split(pieces.LEAF)
        assert "".join(map("".join, zip(between, [*leaves, ""], strict=True))) == text
        if all(map(_token, leaves)):
            assert leaves == [
                found.group(found.lastgroup or 0)
                for found in token_pattern(False).finditer(text)
                if found.lastgroup in ("NAME", "NUMBER")
            ], text
            alike += 1
    assert alike > 5000


def test_keys_have_no_other_leaves_than_lines() -> None:
    text = "v1 = 2.5e-3*x_y + sin (z')\r\n\n # why; not\n;a=b"
    code = pieces.plain(text)
    assert code is not None
    assert len(code) == len(text)
    assert [(line.split(), key) for line, key in pieces.pieces(code)] == [
        (["v1", "2.5e-3", "x_y", "sin", "z'"], "a = a*a + a (a)\r\n"),
        ([], "\n"),
        ([], "           \n"),
        ([], "\n"),
        (["a", "b"], "a=a"),
    ]
    assert pieces.plain("x = 1_0") is None
    assert pieces.plain("x = _1_0 + x1_0") is not None


@pytest.mark.parametrize("limit", ["in 0..inf", "in -inf..2", "± inf", "± 5%*inf", "in 0..2*pi"])
@pytest.mark.parametrize("defined", ["inf = 5; pi = 3", "const inf = 5; pi = inf - 2"])
def test_pi_and_inf_in_bounds_and_uncertainties_give_way(limit: str, defined: str) -> None:
    """To names that are defined before and behind."""
    for text in (f"{defined}\na = 2 {limit}\ny = -a", f"a = 2 {limit}\ny = -a\n{defined}"):
        compared(text)
        source = Source("text", text)
        assert repr(mistakes(source, reading.read_model)) == repr(mistakes(source, read_carefully))
        if "%" not in limit and "-" not in limit:
            model = reading.read_model(source)
            ends = {"in 0..inf": (0, 5), "in 0..2*pi": (0, 6)}
            assert model.bounds.get("a") == ends.get(limit)
            assert model.uncertainties.get("a") == (5 if "±" in limit else None)


def test_a_name_that_is_drawn_is_no_constant_of_mathematics() -> None:
    with pytest.raises(BackpropError, match="no constant expression: 'inf' is not known here"):
        parse("inf ~ uniform(3, 4); a = 2 in 0..inf")


def test_a_text_beyond_the_limit_is_left_to_the_ordinary_route() -> None:
    text = "\n".join(f"a{k} = {k} + 1" for k in range(100))
    assert by_shape.read_quickly(Source("text", text), 300) is not None
    assert by_shape.read_quickly(Source("text", text), 299) is None


def test_short_texts_are_left_to_the_ordinary_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert by_shape.read_quickly(Source("text", "a = b\n" * 100), 1000) is None


# ------------------------------------------------------------------------------ at random

_NUMBERS = "0 1 2 10 3.5 .5 5. 1e3 1e-3 2.5E+07 1.e2 0.1 1e-320 123456789.123456789".split()
_ODD_NUMBERS = "1e999 1_0 1..2 1.2.3 2x 1e 0x1 1e+ .e1 nan inf' 1'".split()
_ODD_NAMES = "pi inf for in if and or not sin gamma a.b x'y x'1 e1 _ \u00e4 sin'".split()
_OPERATORS = "+ - * / ^ ** < <= > >= == != and or , = ~ & ..".split()
_FUNCTIONS = "sin cos exp log2 log10 atan2 min max leaky_relu if not f sum gamma".split()
_SAID = [
    *("%d in 0..", "%d in -1e9 .. 1e9", "%d +/- %d", "%d +/- 1 in ..1e9", "2.0(1)", "-.5(3)e-1"),
    *("%d in\n -1 ..", "%d in %n..5", "%n in 0..1", "%d in %d..", "%d in 0..%d", "%d in ..%d"),
]
"""Sure ones, and six that are wrong more often than not."""

_ARITIES = {"atan2": (2,), "min": (2, 3, 4), "max": (2, 3), "leaky_relu": (1, 2), "if": (3,)}


class _Writer:
    """Writes texts of few shapes and many leaves, mostly right."""

    def __init__(self, seed: int, faults: float) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.names = [f"v{k}" for k in range(self.random.randrange(1, 6))]

    def odd(self, much: float = 1.0) -> bool:
        return self.random.random() < self.faults * much

    def blank(self) -> str:
        return self.random.choice(["", "", "", " ", " ", "  ", "\t"])

    def expression(self, depth: int) -> str:
        """With `%n` for a name and `%d` for a number."""
        pick = self.random.random()
        if depth == 0 or pick < 0.2:
            return self.random.choice(["%n", "%n", "%n", "%d", "pi"])
        if pick < 0.3:
            return f"-{self.blank()}{self.expression(depth - 1)}"
        if pick < 0.4:
            return f"({self.expression(depth - 1)}{self.blank()})"
        if pick < 0.6:
            called = self.random.choice(_FUNCTIONS[: len(_FUNCTIONS) if self.odd() else -3])
            count = self.random.choice(_ARITIES.get(called, (1,))) + self.odd(0.3)
            arguments = [self.expression(depth - 1) for _ in range(count)]
            return f"{called}{' ' * (self.random.random() < 0.1)}({f',{self.blank()}'.join(arguments)})"
        operators = _OPERATORS[: len(_OPERATORS) if self.odd() else 5]
        operator = self.random.choice(operators)
        blank = " " if operator.isalpha() else self.blank()
        left, right = self.expression(depth - 1), self.expression(depth - 1)
        return f"{left}{blank}{operator}{blank}{right}"

    def name(self) -> str:
        if self.odd(0.3):
            return self.random.choice(_ODD_NAMES)
        if self.random.random() < 0.1:
            return f"u{self.random.randrange(40)}"  # an input, or a name further down
        return self.random.choice(self.names)

    def number(self) -> str:
        return self.random.choice(_ODD_NUMBERS if self.odd(0.3) else _NUMBERS)

    def target(self) -> str:
        if self.odd(0.5):
            return self.random.choice([*self.names, *_ODD_NAMES, "3", ""])
        name = f"v{len(self.names)}" + "'" * (self.random.random() < 0.05)
        if self.odd(0.3):
            return f"{self.random.choice(['const', 'speed', 'minimize', 'Const'])} {name}"
        if self.random.random() < 0.1:
            name = f"u{self.random.randrange(400)}"
        self.names.append(name)
        return name

    def statement(self, shape: str) -> str:
        right = ""
        for piece in shape.split("%")[0:1]:
            right = piece
        for piece in shape.split("%")[1:]:
            right += (self.name() if piece[0] == "n" else self.number()) + piece[1:]
        return right

    def text(self) -> str:
        shapes = [
            f"{self.blank()}={self.blank()}{self.expression(self.random.randrange(4))}"
            for _ in range(self.random.randrange(1, 5))
        ]
        if self.random.random() < 0.3:
            shapes += [f" = {self.random.choice(_SAID[: None if self.odd() else -6])}"]
        written = []
        for _ in range(self.random.randrange(3, 25)):
            right = self.statement(self.random.choice(shapes))
            if self.random.random() < 0.01:  # with values worked out behind it
                worked = self.random.choice(["%d", "%n*2 = %d", "-(%d) = %d", "%n = 1 + %d"])
                right += f"{self.blank()}= {self.statement(worked)}"
            if self.random.random() < 0.03:  # over several lines
                right = right.replace("(", "(\n", 1).replace("*", "*  # on\n", 1)
            plain = self.odd() or not re.search("[a-z]", right)
            const = "const " * (plain and self.random.random() < 0.3)
            written.append(const + self.target() + right)
            if self.random.random() < 0.02:
                name = f"u{self.random.randrange(40)}" if self.odd() else self.names[-1]
                word = "const" if self.odd() else self.random.choice(["minimize", "output"])
                written.append(f"; {word} {name}")
            ends = ["\n"] * 20 + [
                ";",
                " ; ",
                "\r\n",
                "\r",
                "\n\n",
                " # c; d = 1\n",
                "  #\u00e9\n",
                ";\n",
            ]
            written.append(self.random.choice(ends))
        text = "".join(written)
        if self.odd():
            at = self.random.randrange(len(text))
            character = self.random.choice("()+-*/^=<>!,;.#'\n\r\t _x1e~[]&\u00b2\x0b\x85")
            text = text[:at] + character + text[at + self.random.randrange(2) :]
        return text


@pytest.mark.parametrize("faults", [0.0, 0.01, 0.1])
def test_texts_at_random_are_read_alike(faults: float, request: pytest.FixtureRequest) -> None:
    count = 20_000 if request.config.getoption("--whole") else 400
    read = sum(compared(_Writer(seed, faults).text()) for seed in range(count))
    assert read > count * (0.4 if faults < 0.05 else 0.05), read


def test_a_long_text_is_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # at the sizes that are real
    drawn = random.Random(7)
    lines = ["v0 = 1.5", "v1 = -2"]
    for k in range(2, 3000):
        a, b, c = (drawn.randrange(k) for _ in range(3))
        number = repr(drawn.random() * 10.0 ** drawn.randrange(-9, 9))
        lines.append(
            drawn.choice(
                [
                    f"v{k} = v{a}*v{b} + sin(v{c})",
                    f"v{k} = {number}*v{a} - w{b}",
                    f"v{k} = {number}  # a weight",
                    f"v{k} = max(v{a}, -{number}, v{b})",
                    f"v{k} = v{a}",
                ]
            )
        )
    text = "\n".join(lines)
    assert compared(text)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    model = parse(text)
    numbers = dict.fromkeys(set(model.inputs) - set(model.defaults), 0.25)
    again = read_carefully(Source("text", text))
    assert model.grad(numbers, "v2999").gradients == gradient(again, numbers, "v2999").gradients


def test_the_texts_of_many_statements_are_each_read_by_themselves() -> None:
    """In time that grows with the file: a walk over all names for each of them would take minutes here."""
    count = 20_000
    lines = [f"x{number + 1} = x{number}*1.5 - pi" for number in range(count)]
    model = parse("\n".join(["x0 = 1", *lines]))
    texts = [model.text(model.names[f"x{number + 1}"]) for number in range(count)]
    assert texts == [f"x{number}*1.5 - pi" for number in range(count)]


def test_a_text_that_was_read_leaves_nothing_for_the_collector(only_new_garbage: None) -> None:
    text = "\n".join(f"x{number + 1} = x{number}*1.5 - a" for number in range(50))
    parse(text)
    gc.collect()
    gc.disable()
    try:
        parse(text)
        assert gc.collect() == 0
    finally:
        gc.enable()
