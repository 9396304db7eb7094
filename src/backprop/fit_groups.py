"""Parameters with a number for each group of rows: `--by "sample: a, b"`.

The equations are written otherwise: in the place of `a = 1` stands a choice by the column, with a parameter
of its own for each group, `a = if(sample == "north", a_north, a_south)`. The model statements stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from backprop.data_groups import groups_in
from backprop.errors import BackpropError, BadData, BadOption
from backprop.fit.found_fit import FoundFit
from backprop.fit.robust import named_apart
from backprop.inputs import Opened
from backprop.language import Model
from backprop.language.laid import Data
from backprop.language.read_words import words_in
from backprop.names import did_you_mean
from backprop.numbers import exact, listed
from backprop.report.fit_report import FitReport
from backprop.source import Source
from backprop.syntax.parser import read

if TYPE_CHECKING:
    from backprop.fit_options import FitOptions

T = TypeVar("T")

_MOST = 200
"""The most groups."""

_WORD = r"(?<![\w'])({})(?![\w'\[])"
"""A name as a whole."""


class Grouped(NamedTuple):
    """Equations of which some parameters have a number for each group. plain: the equations of a person.
    every: the parameters in them. column: what tells groups apart. texts: of the groups, as the equations
    write them. names: of each parameter those of all groups, as the equations have them. called: what
    people call these, `a[north]`."""

    opened: Opened
    plain: Opened
    every: Sequence[str]
    column: str
    texts: Sequence[str]
    names: Mapping[str, Sequence[str]]
    called: Mapping[str, str]

    def text(self, text: str) -> str:
        """Numbers or bounds for parameters, `a=1, a[north]=2` or JSON, as these equations take them."""
        for name, called in self.called.items():
            for plain in (True, False):
                text = text.replace(json.dumps(called, ensure_ascii=plain), f'"{name}"')
            text = text.replace(called, name)
        for name in self.names if text.lstrip()[:1] != "{" else ():  # whose sentences have groups
            for group in re.findall(rf"(?<![\w']){re.escape(name)}\[([^\]]*)\]", text):
                self._refuse(name, group)
        there = {*words_in(text)}  # what one group is given wins over what all are given
        for name, names in self.names.items():
            others = [each for each in names if each not in there]
            for way, end in (('"{}"', r"(\s*:\s*)([^,}\s]+)"), ("{}", r"(\s*=\s*)([^,;\n]+)")):
                whole = re.compile(_WORD.format(re.escape(way.format(name))) + end)
                if others:
                    text = whole.sub(partial(_each, others, way), text)
        return text

    def _refuse(self, name: str, group: str) -> None:
        """Raise BadOption for a group that there is not."""
        groups = [*map(_called, self.texts)]
        message = f"{name}[{group}]: there is no group {group} of {self.column}"
        hints = did_you_mean(group, groups) or [f"there are {listed(groups, 8)}"]
        raise BadOption(message, hints=hints)

    def _inner(self, called: str) -> str:
        """The name in the equations of what people call `a[north]`. Raises BadOption."""
        inner = {text: name for name, text in self.called.items()}
        name, bracket, group = called.partition("[")
        if bracket and name in self.names and called not in inner:
            self._refuse(name, group.removesuffix("]"))
        return inner.get(called, called)

    def numbers(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is given by names, by those that the equations have."""
        found = dict[str, Any]()
        for name, number in given.items():
            found |= dict.fromkeys(self.names.get(name, ()), number)
        return found | {self._inner(n): x for n, x in given.items() if n not in self.names}

    def some(self, names: Sequence[str]) -> list[str]:
        """Names of parameters as the equations have them."""
        found = (self.names.get(name) or [self._inner(name)] for name in names)
        return [name for each in found for name in each]

    def options(self, options: FitOptions) -> FitOptions:
        """The options of a fit with names as the equations have them."""
        bounds: Any = options["bounds"]
        if isinstance(bounds, Mapping):
            bounds = self.numbers(bounds)
        elif bounds:
            bounds = [self.text(each) for each in ([bounds] if isinstance(bounds, str) else bounds)]
        only, freeze = self.some(options["only"]), self.some(options["freeze"])
        return {**options, "only": only, "freeze": freeze, "bounds": bounds}

    def begun(
        self, alone: Callable[[FitOptions], Mapping[str, float]], options: FitOptions
    ) -> dict[str, float]:
        """Starts for parameters, by the names that the equations have: where a fit of all rows without groups
        ends; none where it has none. alone: the parameters of that fit."""
        only, freeze = (
            [name for name in options[what] if name in self.every] for what in ("only", "freeze")
        )
        plain: FitOptions = {
            **options, "by": "", "only": only, "freeze": freeze, "bounds": None, "intervals": None
        }  # fmt: skip
        try:
            return self.numbers(alone(plain))
        except BackpropError:
            return {}

    def in_order(self, names: Sequence[str]) -> list[str]:
        """Parameters in the order in which a person wrote them, groups in that of the rows."""
        order = {name: at for at, name in enumerate(self.some(self.every))}
        return sorted(names, key=lambda name: order.get(name, -1))

    def call(self, name: str) -> str:
        """What a name is called."""
        return self.called.get(name, name)

    def shown(self, report: FitReport) -> FitReport:
        """A report in the names that people know."""
        found = report.found
        words = re.compile("|".join(_WORD.format(re.escape(name)) for name in self.called))
        made: FoundFit = found._replace(
            names=[*map(self.call, found.names)],
            guessed=[*map(self.call, found.guessed)],
            verdicts=[words.sub(lambda each: self.call(each[0]), said) for said in found.verdicts],
        )

        def renamed(numbers: Mapping[str, T]) -> dict[str, T]:
            return {self.call(name): number for name, number in numbers.items()}

        return report._replace(
            found=made,
            bounds=renamed(report.bounds),
            frozen=renamed(report.frozen),
            inputs=renamed(report.inputs),
        )

    def look_at(self, other: Opened) -> None:
        """Raise BadData for other rows in which there is a group without parameters."""
        for table in other.tables:
            if self.column not in table.names:
                continue
            for text in _groups(table, self.column):
                if text not in self.texts:
                    message = (
                        f"{self.column} is {_called(text)} in some row, of which nothing was fitted"
                    )
                    hints = [f"it was {listed([*map(_called, self.texts)], 8)}"]
                    raise BadData(message, where=table.name, hints=hints)


def _each(others: Sequence[str], way: str, found: re.Match[str]) -> str:
    """What all of a parameter's groups are given, each by itself."""
    sign, number = found.groups()[-2:]
    return ", ".join(f"{way.format(name)}{sign}{number}" for name in others)


def by_groups(opened: Opened, by: str, model: Model, every: Sequence[str]) -> Grouped:
    """Equations with a parameter for each group. by: `sample: a, b`, or `sample` for all parameters. model:
    that of the equations as they are; every: the parameters that they have. Raises BadOption, BadData."""
    column, _, rest = by.partition(":")
    column = column.strip()
    table = _table(opened, column)
    names = [name.strip() for name in rest.split(",") if name.strip()] or [*every]
    for name in names:
        if name not in every:
            message = f"--by {by!r}: {name} is no parameter of this fit"
            hints = did_you_mean(name, every) or [f"they are {listed([*every], 8)}"]
            raise BadOption(message, hints=hints)
        if "[" in name:
            hints = [f"let an equation have a name of its own for it: p = {name}"]
            raise BadOption(
                f"--by is for parameters with a name of their own, not {name}", hints=hints
            )
    texts = _groups(table, column)
    for text in texts:
        if "'" in _called(text) and '"' in _called(text):
            message = f"--by {column}: {_called(text)} has both kinds of quotes in it"
            raise BadOption(
                message, hints=["write it otherwise in the table, or number the groups"]
            )
    if len(texts) > _MOST:
        raise _too_many(column, names[0], texts)
    words = [*words_in(opened.source.text), *model.names, *table.names]
    inner = dict[str, list[str]]()
    called = dict[str, str]()
    for name in names:
        inner[name] = []
        for text in texts:
            word = re.sub(r"\W+", "_", _called(text)).strip("_") or "none"
            found = named_apart([*words, *called], f"{name}_{word}")
            inner[name].append(found)
            called[found] = f"{name}[{_called(text)}]"
    source = _rewritten(opened.source, column, texts, inner)
    return Grouped(opened._replace(source=source), opened, every, column, texts, inner, called)


def _too_many(column: str, name: str, texts: Sequence[str]) -> BadOption:
    """The error for more groups than there are choices."""
    ends, where = "1..1000", f"--where '{column} != {texts[0]}'"
    group, more = f"{column}_number", f", with a column {column}_number that numbers them"
    if all(re.fullmatch(r"\d+", text) for text in texts):
        ends = f"{min(map(int, texts))}..{max(map(int, texts))}"
        group, more = column, ""
    family = f"write {name}[{group}] for {name}, and {name}[i] = 1 for i in {ends}{more}"
    hints = [family, f"or leave groups out: {where}"]
    return BadOption(f"--by {column}: there are more than {_MOST} groups", hints=hints)


def _table(opened: Opened, column: str) -> Data:
    """The table that has a column of groups."""
    for table in opened.tables:
        if column in table.names:
            return table
    columns = [name for table in opened.tables for name in table.names]
    hints = did_you_mean(column, columns) or [f"the columns are {listed(columns, 8)}"]
    hints = hints if columns else ["give rows: --data rows.csv"]
    raise BadOption(f"--by {column}: there is no such column", hints=hints)


def _groups(table: Data, column: str) -> list[str]:
    """The values of a column in the rows that count, as equations write them, each once. Raises BadData."""
    numbers, texts = groups_in(table, column, _MOST)
    return [*map(_number, numbers)] or [*map(_quoted, texts)]


def _number(number: float) -> str:
    return f"{int(number)}" if number == int(number) else exact(number)


def _quoted(text: str) -> str:
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}"


def _called(text: str) -> str:
    return text[1:-1] if text[:1] in "'\"" else text


def _rewritten(
    source: Source, column: str, texts: Sequence[str], inner: Mapping[str, Sequence[str]]
) -> Source:
    """The equations, each parameter a choice by the column; the parameters of groups begin where it did."""
    text, added = source.text, list[str]()
    declared = dict(_declared(source))
    for name, others in inner.items():
        choice = others[-1]
        for value, other in zip(reversed(texts[:-1]), reversed(others[:-1]), strict=True):
            choice = f"if({column} == {value}, {other}, {choice})"
        added.append(f"{name} = {choice}")
        if name in declared:
            begin, after, end = declared[name]
            added += [other + text[after:end] for other in others]
            text = text[:begin] + " " * (end - begin) + text[end:]
    return Source(source.name, "\n".join([text, *added, ""]))


def _declared(source: Source) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """The names that have a statement of their own: where it begins, where the name ends, and where it
    does."""
    for tokens, shape in read(source)[0]:
        if shape.form == "equation":
            at = shape.target
            yield tokens.texts[at], (tokens.starts[0], tokens.ends[at], tokens.ends[-1])
