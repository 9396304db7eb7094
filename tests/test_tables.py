"""The grammar's tables and the loop over them do what Lark does with the same grammar."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from lark import Lark, Token, Tree, UnexpectedToken
from lark.lexer import Lexer

from backprop.gallery import examples
from backprop.source import Source
from backprop.syntax import grammar
from backprop.syntax.grammar import Kinds, Shape, Unfit, shape, token_pattern
from backprop.syntax.lalr import Tables
from backprop.syntax.scanner import LIST_ENDS, Tokens, statements
from grammar_tables import FOLDER, STARTS, made
from running import CLASSIC, EXAMPLES

GRAMMAR = (FOLDER / "equations.lark").read_text("utf-8")

MORE = """
f(x, y) = if(x > 0 and not y == 1, -x^2, +y**-3); g() = 1; z = f(1, g()) - a[1, i+1]/b[2]
w[i, j] ~ normal(0, 1/sqrt(3)) for i in 1..3, j in [1, 2*k, 3] if i != j or i <= 2
x[t+1] = sum(w[i]*x[t] for i in 1..3 if i >= t) + prod(k for k in 1..2) for t in 0..9
const g = 2 ± 5% in 0..; const x, w[1,*], v[1..3]; minimize L; output y[2]; a = -2.0(1) in ..5
const w[i] ~ normal(0, 1) in -2..2 for i in 1..3; b[i] = 0 ± i in -i..i for i in 1..3
u ~ uniform(-1, 1); v[1] ~ uniform(0, 1); y = ((a)); y = min(a, b, c) < mean(x)
"""


class _Ready(Lexer):
    """A lexer for what is tokens already."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, data: Any, parser_state: object = None) -> Iterator[Token]:
        return iter(data)


@cache
def lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer=_Ready, start=STARTS, maybe_placeholders=False)


def by_lark(kinds: Kinds, start: str) -> Shape | tuple[int, frozenset[str]]:
    """The shape that Lark's own parser leads to, by way of Lark's trees; or what does not fit."""
    tokens = (Token(kind, "", start_pos=at) for at, kind in enumerate(kinds))
    try:
        tree = lark().parse(tokens, start=start)  # type: ignore[arg-type]
    except UnexpectedToken as error:
        at = None if error.token.type == "$END" else error.token.start_pos
        return len(kinds) if at is None else at, frozenset(error.expected)
    emitter = grammar._Emitter(kinds, grammar._tables().symbols)

    def walked(part: Any) -> Any:
        if isinstance(part, Tree):
            return getattr(emitter, part.data)([walked(each) for each in part.children])
        return part.start_pos

    result = walked(tree)
    form, target, parameters = result if start == "statement" else ("expression", 0, ())
    nodes = tuple(emitter.nodes)
    indexed = form.startswith("indexed") or any(each.kind in ("index", "gather") for each in nodes)
    limited = any(each.kind in grammar.LIMITS for each in nodes)
    return Shape(kinds, form, target, parameters, nodes, indexed, limited)


def by_tables(kinds: Kinds, start: str) -> Shape | tuple[int, frozenset[str]]:
    try:
        return shape(kinds, start)
    except Unfit as unfit:
        return unfit.index, unfit.expected


@cache
def known() -> tuple[Kinds, ...]:
    """The kinds of every statement of the examples, and of a few that have everything."""
    texts = [each.text for each in examples()] + [CLASSIC, MORE]
    texts += [path.read_text("utf-8", "replace") for path in EXAMPLES.rglob("*.eq")]
    found: dict[Kinds, None] = {}
    for text in texts:
        for ends in (frozenset({"NEWLINE", "SEMICOLON"}), LIST_ENDS):
            for piece in statements(Source("", text), ends):
                if isinstance(piece, Tokens) and len(piece.kinds) < 200:
                    found.setdefault(piece.kinds)
    assert len(found) > 150
    return tuple(found)


def spoiled(kinds: Kinds, words: list[str], random: Random) -> Kinds:
    """A statement with a few tokens gone, added, exchanged or taken from elsewhere."""
    found = list(kinds)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(found) + 1)
        match random.randrange(4):
            case 0:
                del found[at : at + random.randint(1, 3)]
            case 1:
                found.insert(at, random.choice(words))
            case 2:
                found[at : at + 1] = [random.choice(words)]
            case _:
                other = random.choice(known())
                begin = random.randrange(len(other))
                found[at:at] = other[begin : begin + random.randint(1, 8)]
    return tuple(found)


def test_every_known_statement_reads_as_lark_reads_it() -> None:
    fit = 0
    for kinds in known():
        for start in ("statement", "expression"):
            found = by_tables(kinds, start)
            assert found == by_lark(kinds, start), kinds
            fit += isinstance(found, Shape)
    assert fit > 120


def test_spoiled_statements_fail_where_lark_fails_and_expect_the_same(
    request: pytest.FixtureRequest,
) -> None:
    random = Random(20)
    words = [*grammar._tables().symbols, "OTHER", "CONST", "GOAL", "PERCENT"]
    fit = unfit = 0
    for _ in range(40_000 if request.config.getoption("--whole") else 5_000):
        if random.random() < 0.2:
            kinds: Kinds = tuple(random.choices(words, k=random.randint(0, 9)))
        else:
            kinds = spoiled(random.choice(known()), words, random)
        start = random.choice(("statement", "expression"))
        found = by_tables(kinds, start)
        assert found == by_lark(kinds, start), (start, kinds)
        fit, unfit = fit + isinstance(found, Shape), unfit + isinstance(found, tuple)
    assert fit > 80
    assert unfit > 200


def test_random_expressions_read_as_lark_reads_them() -> None:
    random = Random(21)

    def expression(depth: int) -> list[str]:
        if depth == 0 or random.random() < 0.1:
            return [random.choice(("NAME", "NUMBER"))]
        inner = depth - 1
        match random.randrange(7):
            case 0:
                return ["LPAR", *expression(inner), "RPAR"]
            case 1:
                return [random.choice(("MINUS", "PLUS", "NOT")), *expression(inner)]
            case 2:
                count = random.randint(1, 3)
                inside = [kind for _ in range(count) for kind in ("COMMA", *expression(inner))]
                opens, closes = random.choice((("LPAR", "RPAR"), ("LSQB", "RSQB")))
                return ["NAME", opens, *inside[1:], closes]
            case 3:
                rest = [*expression(inner), "COMMA", *expression(inner), "RPAR"]
                return ["IF", "LPAR", *expression(inner), "COMMA", *rest]
            case 4:
                clause = ["FOR", "NAME", "IN", *expression(0), "RANGE", *expression(0)]
                more = ["IF", *expression(inner)] if random.random() < 0.5 else []
                return ["NAME", "LPAR", *expression(inner), *clause, *more, "RPAR"]
            case _:
                operators = "POWER STARS TIMES DIVIDE PLUS MINUS LT LE GT GE EQ NE AND OR".split()
                return [*expression(inner), random.choice(operators), *expression(inner)]

    fit = 0
    for _ in range(1500):
        kinds = tuple(expression(random.randint(1, 5)))
        found = by_tables(kinds, "expression")
        assert found == by_lark(kinds, "expression"), kinds
        fit += isinstance(found, Shape)
    assert fit > 300


def test_a_long_chain_needs_no_recursion() -> None:
    kinds = ("NAME", "ASSIGN", *("LPAR",) * 20_000, "NAME", *("RPAR",) * 20_000)
    assert len(shape(kinds).nodes) == 1
    kinds = ("NAME", "ASSIGN", "NAME", *("PLUS", "NAME") * 20_000)
    assert len(shape(kinds).nodes) == 40_001


def test_the_tables_are_those_of_the_grammar() -> None:
    assert grammar.text() == made(GRAMMAR), "python tests/grammar_tables.py writes them anew"
    changed = GRAMMAR.replace('POWER: "^"', 'POWER: "@"')
    assert Tables(made(changed), grammar._Emitter).symbols["POWER"] == "@"


def test_texts_that_are_ascii_are_cut_alike_by_both_patterns() -> None:
    chance, characters = random.Random(5), [chr(code) for code in range(1, 128)]
    pieces = [
        "for",
        "in",
        "x1",
        "a'",
        "1e-3",
        ".5",
        "2.0(1)",
        "+/-",
        "**",
        "..",
        "<=",
        "# b",
        "\r\n",
        "|",
    ]
    wide, plain = token_pattern(False), token_pattern(True)
    for _ in range(5000):
        text = "".join(chance.choices(pieces if chance.random() < 0.7 else characters, k=12))
        cut = [
            [(found.lastgroup, found.span()) for found in each.finditer(text)]
            for each in (wide, plain)
        ]
        assert cut[0] == cut[1], text
