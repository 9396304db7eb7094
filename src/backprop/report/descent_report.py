"""What `backprop descend` has to say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

from backprop.descent import Descent
from backprop.descent.result import EpochCourse, StartsEnd
from backprop.descent.spool import GrowingColumn
from backprop.errors import BackpropError
from backprop.names import gathered
from backprop.numbers import shown
from backprop.report import Column, Table, folded, groups, limits

_SCHEMA = 2
"""That of a descent: since 2 `stopped` says what kind of end was shown."""

_IN_JSON = (
    "output value start_value parameters gradients start start_gradients steps stopped reason"
    " converged optimizer gradient_norm evaluations"
).split()
"""What the JSON has of a descent."""

_ENDS, _AT = 8, 4
"""The most ends of several starts that are shown, and the most inputs of each."""

_IN_REASON, _MOST_HELD = 4, 40
"""Of so many inputs at bounds the last line has all; and the most that are told besides, without --all."""

_NAMED = 8
"""The most names, or families, that do not move and are named."""


class DescentReport(NamedTuple):
    """A descent, and the names of the inputs that were kept where they were, and of constants.

    whole: whether the table has a row for every member of a large family. inputs: the number of
    every input where the descent ended, those that did not move included. declared: what the JSON has
    of the file.
    """

    descent: Descent
    kept: Sequence[str] = ()
    constants: Sequence[str] = ()
    whole: bool = False
    inputs: Mapping[str, float] = MappingProxyType({})
    declared: Mapping[str, Any] = MappingProxyType({})

    @property
    def warnings(self) -> Sequence[BackpropError]:
        """Those of the descent, and what a person should know who only looks at the last line."""
        found, warnings = self.descent, [*self.descent.warnings]
        before, after = found.start_value, found.value
        if found.stopped == "steps" and (after < before if found.maximize else after > before):
            direction = "fell" if found.maximize else "rose"
            message = f"{found.output} {direction}, from {shown(before)} to {shown(after)}"
            hint = "take a smaller --lr, or leave it out: a line search then chooses the step"
            if found.epochs:
                hint = "take a smaller --lr, or larger batches"
            warnings.append(BackpropError(message, hints=[hint]))
        return warnings

    def table(self) -> Table:
        """A row a parameter, and one of the output: start, gradient there, final, change."""
        found, output = self.descent, self.descent.output
        names = [*found.parameters, output]
        change = [found.parameters[name] - before for name, before in found.start.items()]
        columns = self._columns("grad at start")
        columns.append(Column("change", [*change, found.value - found.start_value], sizes=True))
        if found.bounds:
            columns.insert(1, limits(names, found.bounds))
        rows = groups(names, self.whole)
        columns = [folded(column, rows) for column in columns]
        lowest = "maximum" if found.maximize else "minimum"
        last = " (the last finite value)" if found.failed else ""
        if found.stopped.endswith("without end"):
            last = f" (no {lowest}: it {found.stopped})"
        unit = "epoch" if found.epochs else "step"
        steps = f"{found.steps} {unit}{'s' if found.steps != 1 else ''}"
        after = f"{last} after {steps} of {found.optimizer}, from "
        tail = []
        for what, stay in (("constant", self.constants), ("not moved", self.kept)):
            if stay:
                kept = stay if self.whole or len(stay) <= _NAMED else gathered(stay)
                more = f", … ({len(stay)} in all)" if len(kept) > _NAMED else ""
                tail.append(f"{what}: {', '.join(kept[:_NAMED])}{more}")
        best = found.best
        if found.epochs:
            tail += _of_epochs(found.epochs, output)
        elif found.best_was_better:
            kind = "highest" if found.maximize else "lowest"
            tail.append(f"{kind}: {output} = {shown(best.value)} after step {best.step}")
        tail += self._held()
        tail += [_end_of(each, output) for each in found.ends[:_ENDS]]
        if len(found.ends) > _ENDS:
            tail.append(f"… and {len(found.ends) - _ENDS} more ends")
        tail.append(found.reason)
        emphasis = [*[""] * (len(rows) - 1), "strong"]
        heads = [(f"{output} = ", found.value, after, found.start_value)]
        curve = (output, found.values) if len(found.values) > 1 else None
        return Table(columns, emphasis, heads, curve, found.explained, tail)

    def _held(self) -> Iterator[str]:
        """Of more inputs at bounds than the last line has, all with the slopes that press against these."""
        found = self.descent
        if not found.stopped.endswith("at bounds"):
            return
        held = [
            f"{name} = {shown(at)} (∂{found.output}/∂{name} = {shown(found.gradients[name], 3)})"
            for name, at in found.parameters.items()
            if at in found.bounds.get(name, ()) and found.gradients[name]
        ]
        if len(held) <= _IN_REASON:
            return
        most = len(held) if self.whole else _MOST_HELD
        for first in range(0, min(len(held), most), _IN_REASON):
            yield f"at bounds: {', '.join(held[first : min(first + _IN_REASON, most)])}"
        if len(held) > most:
            yield f"… and {len(held) - most} more at bounds; --all and the other formats have them"

    def records(self) -> list[Column]:
        """A row a parameter, and one of the output; where there are bounds, they are the last columns."""
        found = self.descent
        columns = self._columns("grad_at_start")
        columns.append(Column("grad", [*found.gradients.values(), None]))
        if found.bounds:
            names = [*found.parameters, found.output]
            limits = zip(*(found.bounds.get(name, (None, None)) for name in names), strict=True)
            columns += map(Column, ("lower", "upper"), limits)
        return columns

    def _columns(self, gradients: str) -> list[Column]:
        """Names, start, the gradients there under this title, and where the descent ended."""
        found = self.descent
        return [
            Column("name", [*found.parameters, found.output], "name"),
            Column("start", [*found.start.values(), found.start_value]),
            Column(gradients, [*found.start_gradients.values(), None], sizes=True),
            Column("final", [*found.parameters.values(), found.value]),
        ]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object; the README has its shape."""
        found = self.descent
        numbers = {name: getattr(found, name) for name in _IN_JSON}
        given = {"inputs": dict(self.inputs), "bounds": dict(found.bounds)}
        more: dict[str, Any] = {"explained": found.explained} if found.explained else {}
        if found.ends:
            more["starts"] = [asdict(each) for each in found.ends]
        if found.epochs:
            more["epochs"] = asdict(found.epochs)
        best = {name: getattr(found.best, name) for name in ("step", "value", "parameters")}
        yield {"schema": _SCHEMA, **numbers, **self.declared, **given, **more, "best": best}


def _of_epochs(course: EpochCourse, output: str) -> Iterator[str]:
    """`390 updates in each epoch, by 256 of 100,000 rows, the last by 160; shuffled`."""
    count, rest = course.batches, course.rows % course.batch
    updates = f"{count:,} update{'s' if count != 1 else ''} in each epoch"
    last = f", the last by {rest:,}" if rest else ""
    windows = f", within windows of up to {course.window:,} rows" if course.window else ""
    shuffled = f"in another order each time{windows}"
    order = shuffled if course.shuffled else "in the order of the table"
    yield f"{updates}, by {course.batch:,} of {course.rows:,} rows{last}; {order}"
    if course.validated:
        first, end = course.validated[0], course.validated[-1]
        yield f"other rows (--validate): {output} = {shown(end)} after the last epoch, from {shown(first)}"
    if course.kept is not None:
        yield f"the numbers are those after epoch {course.kept}"


def _end_of(end: StartsEnd, output: str) -> str:
    """`3 starts ended at L = 0 (minimum): a = 3, b = 2`."""
    starts = f"{end.count} start{'s' if end.count != 1 else ''}"
    if end.value is None:
        return f"{starts} had no value or slope"
    numbers = [f"{name} = {shown(at, 4)}" for name, at in end.parameters.items()]
    where = ", ".join(numbers[:_AT]) + (", …" if len(numbers) > _AT else "")
    return f"{starts} ended at {output} = {shown(end.value)} ({end.stopped}): {where}"


class HistoryReport(NamedTuple):
    """The steps of a descent, a row each: what `--history` writes."""

    descent: Descent
    inputs: Mapping[str, float] = MappingProxyType({})

    def records(self) -> list[Column]:
        """Columns step, the output, gradient_norm, step_length, lr, then the parameters.

        Where an equation file has a name of these columns itself, the column is called
        `descent.step`: no name has a point.
        """
        history = self.descent.history
        own = {self.descent.output: history.values, **history.parameters}
        step, *others = (
            Column(f"descent.{title}" if title in own else title, cells)
            for title, cells in self._about().items()
        )
        output, *parameters = (Column(name, cells) for name, cells in own.items())
        return [step, output, *others, *parameters]

    def objects(self) -> Iterator[dict[str, Any]]:
        """One object of columns: step, gradient_norm, step_length, lr, value, parameters by name."""
        found = self.descent
        start = {"schema": _SCHEMA, "output": found.output, "optimizer": found.optimizer}
        columns = {"value": found.history.values, "parameters": found.history.parameters}
        yield {**start, **self._about(), **columns, "inputs": dict(self.inputs)}

    def _about(self) -> dict[str, GrowingColumn]:
        kept = self.descent.history
        about = {"gradient_norm": kept.gradient_norms, "step_length": kept.step_lengths}
        return {"step": kept.steps, **about, "lr": kept.lrs}
