"""Columns of text in equations: `site == "north"` is a column of its own, 1 in rows where that holds, else 0.

Texts stand in comparisons with columns alone. While a text is read, a name as long as the comparison stands
in its place, so that all places in the text stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from backprop.errors import BackpropError, Label, SyntaxFault, UnknownName, raise_all
from backprop.language.column_names import check_names
from backprop.language.laid import Data
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.source import Source, Span, normal
from backprop.syntax.parser import Statement, read
from backprop.syntax.scanner import Tokens

_NAME, _QUOTED = r"[^\W\d]\w*'*", r""""[^"\n]*"|'[^'\n]*'"""
TEXT_COMPARED = re.compile(
    rf"(?<![\w'])({_NAME})[ \t]*(==|!=)[ \t]*({_QUOTED})"
    rf"|({_QUOTED})[ \t]*(==|!=)[ \t]*({_NAME})(?![\w'(\[])"
)
"""A column compared with a text, either way round."""


_TRUE = ">.5"


class ComparedText(NamedTuple):
    """A comparison with a text. column: what is compared. equal: whether to be equal, or to differ."""

    column: str
    equal: bool
    text: str

    @classmethod
    def of(cls, found: re.Match[str]) -> ComparedText:
        """That of a match of TEXT_COMPARED."""
        column, sign, quoted, other, other_sign, behind = found.groups()
        quoted = quoted or other
        return cls(normal(column or behind), (sign or other_sign) == "==", quoted[1:-1])

    def called(self, taken: set[str]) -> str:
        """A name for the column of its truth: `site_is_north`."""
        word = re.sub(r"\W+", "_", self.text).strip("_") or "empty"
        name = begun = normal(
            f"{self.column.rstrip(chr(39))}_{'is' if self.equal else 'not'}_{word}"
        )
        number = 1
        while name in taken:
            number += 1
            name = f"{begun}_{number}"
        return name


class TextCodes(ComparedText):
    """A column of texts by itself: the number of each row's text."""


class TextReading(NamedTuple):
    """Statements of a text in which columns are compared with texts, and the tables with those columns.
    plain: puts their names into a text in the place of the comparisons."""

    statements: list[Statement]
    errors: list[SyntaxFault]
    tables: Sequence[Data]
    plain: Callable[[str], str]


def read_texts(
    source: Source, tables: Sequence[Data], chains: dict[int, Tokens]
) -> TextReading | None:
    """The statements of such a text; None where there is no such comparison. chains: as of `read`."""
    known = {name for table in tables for name in table.names}
    found = [each for each in TEXT_COMPARED.finditer(source.text) if not _in_comment(each)]
    if not found:
        return None
    _check_columns(found, source, known)
    letters = (each for each in _letters() if each not in source.text)
    taken = known | {normal(each) for each in re.findall(_NAME, source.text)}
    names: dict[ComparedText, str] = {}
    stands: dict[str, tuple[str, re.Match[str]]] = {}
    pieces, end = list[str](), 0
    for match, letter in zip(found, letters, strict=False):
        compared = ComparedText.of(match)
        if compared not in names:
            names[compared] = compared.called(taken)
            taken.add(names[compared])
        stands[letter] = names[compared], match
        # not the column alone: that is a number which could be another one, and what is true could not
        truth = f"({letter}{_TRUE})" if len(match[0]) > len(_TRUE) + 2 else f"{letter}{_TRUE}"
        pieces += [source.text[end : match.start()], truth.ljust(len(match[0]))]
        end = match.end()
    other = Source(source.name, "".join([*pieces, source.text[end:]]), source.option)
    statements, errors = read(other, chains=chains)
    for at, tokens in chains.items():
        chains[at] = _named(tokens, source, stands)
    for error in errors:
        error.labels = tuple(_placed(each, source) for each in error.labels)
    read_again = [each._replace(tokens=_named(each.tokens, source, stands)) for each in statements]
    compared_by = {name: compared for compared, name in names.items()}
    others = [table.with_texts(compared_by) for table in tables]
    return TextReading(read_again, errors, others, partial(_plain, names))


def statements_over(
    source: Source, tables: Sequence[Data]
) -> tuple[list[Statement], Sequence[Data], list[SyntaxFault]]:
    """The statements of a text, the tables with columns for what it compares with texts, and its errors.
    Raises NameDefinedTwice for columns that are called like what it defines."""
    if tables and (found := read_texts(source, tables, {})):
        statements, tables, errors = found.statements, found.tables, found.errors
    else:
        statements, errors = read(source)
    if "~" in source.text and not errors:
        from backprop.language.modelled import as_equations  # few files have model statements

        statements = as_equations(statements, bool(tables)).statements
    for table in tables:
        check_names(statements, table)
    return statements, tables, errors


def without_truths(text: str, names: Collection[str]) -> str:
    """A text of statements to be shown, in which a column for a comparison stands for its truth alone. names:
    those of such columns."""
    some = rf"({'|'.join(map(re.escape, names))})\s*{re.escape(_TRUE)}"
    if not names:
        return text
    return re.sub(some, r"\1", re.sub(rf"(?<![\w'])\({some}\)", r"\1", text))


def _plain(names: Mapping[ComparedText, str], text: str) -> str:
    """A text with the names of comparisons."""
    return TEXT_COMPARED.sub(lambda found: names.get(ComparedText.of(found), found[0]), text)


def _in_comment(found: re.Match[str]) -> bool:
    return "#" in found.string[: found.start()].rpartition("\n")[2]


def _check_columns(found: Sequence[re.Match[str]], source: Source, known: Collection[str]) -> None:
    """Raise UnknownName for comparisons of what is no column."""
    errors = list[BackpropError]()
    for each in found:
        column = ComparedText.of(each).column
        if column in known:
            continue
        message = f"there is no column {column!r}, and only columns are compared with texts"
        hints = did_you_mean(column, known) or [f"the columns are {listed(sorted(known), 8)}"]
        start = each.start(1) if each[1] else each.start(6)
        errors.append(UnknownName(message, Span(source, start, start + len(column)), hints=hints))
    raise_all(errors)


def _letters() -> Iterator[str]:
    """Letters that hardly any text has, a name each."""
    yield from map(chr, chain(range(0x10A0, 0x10C6), range(0x3400, 0x4DB6)))


def _named(tokens: Tokens, source: Source, stands: dict[str, tuple[str, re.Match[str]]]) -> Tokens:
    """Tokens of the text as it was written, with the names of comparisons, each of whose tokens stands where
    the whole comparison does."""
    texts = [*tokens.texts]
    for at, text in enumerate(texts):
        if text in stands:
            texts[at], match = stands[text]
            for each in range(max(at - 1, 0), len(texts)):
                if match.start() <= tokens.starts[each] < match.end():
                    tokens.starts[each], tokens.ends[each] = match.span()
                elif each > at:
                    break
    return tokens._replace(source=source, texts=texts)


def _placed(label: Label, source: Source) -> Label:
    return label._replace(span=label.span._replace(source=source))


def as_condition(text: str, columns: Collection[str]) -> str:
    """The hint for a condition on rows that is none: `site = north` has one sign too few."""
    meant = re.sub(r"\s*(?<![<>=!])=(?!=)\s*", " == ", text)
    meant = _WORD.sub(lambda each: each[0] if each[1] in columns else f'== "{each[1]}"', meant)
    if meant == text:
        return 'write a condition such as "x > 0 and site == 2", or site == "north"'
    return f"write {meant}"


_WORD = re.compile(r"==\s*([^\W\d]\w*)(?![\w(])")
"""A word behind a comparison, which may be a text without its quotes."""
