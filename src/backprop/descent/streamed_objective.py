"""An output over rows that memory does not hold, as a function of some inputs: passes over files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isfinite, isnan, nan, sqrt
from sys import float_info
from typing import TYPE_CHECKING, Any, NoReturn

from backprop.by_rows.block_kernel import NotSure, Summed
from backprop.by_rows.bordering import is_continuous
from backprop.by_rows.machine_batches import MachineBatches
from backprop.by_rows.many_points import OverPoints
from backprop.by_rows.passing import SumsAndSlopes
from backprop.by_rows.row_counts import counted
from backprop.by_rows.row_program import RowProgram
from backprop.by_rows.threads import over_blocks
from backprop.data_streamed import larger_than_memory, names_of, streams_of
from backprop.descent.objective import Ending, GraphObjective, Objective, Point, look
from backprop.errors import AtBorder, BackpropError, NoMachineCode, NotFinite, TooLarge
from backprop.evaluation.borders import is_smooth
from backprop.evaluation.gradient import Evaluation, Gradient, evaluate
from backprop.evaluation.leaves import inputs_at
from backprop.graph import in_order
from backprop.language import Model
from backprop.language.apart import NotApart, apart
from backprop.language.laid import Data
from backprop.language.text_columns import statements_over
from backprop.loops import edges
from backprop.loops.many import NotLoops
from backprop.loops.worth import read_model

if TYPE_CHECKING:
    from backprop.descent.bends_of_rows import BendsOfRows


_NUMBERS = 1 << 19
"""Points in the same passes have so many numbers at most."""


_FORESEEN = 10_000
"""Values are kept of so many points at most."""


class NoValueInRow(NotFinite):
    """The output is not finite at a point. table, row: where that is known to be so."""

    def __init__(self, output: str, x: Sequence[float], table: int, row: int, where: str) -> None:
        super().__init__(f"{output} has no finite value", where=where)
        self.x, self.table, self.row = [*x], table, row


class StreamedObjective(Objective):
    """model: of the first rows of tables that are read in batches. values: numbers of inputs. tables:
    those in the place of its own, if they are in memory. Raises BadData where
    passes over rows are not the way."""

    is_by_passes = True

    def __init__(
        self,
        model: Model,
        output: str,
        names: Sequence[str],
        values: Mapping[str, float],
        engine: str = "auto",
        tables: Sequence[Data] = (),
    ) -> None:
        assert model.laid
        self.model, self.output, self.names = model, output, [*names]
        self.inside = list
        plain = tables or model.laid.data
        statements, tables, _ = statements_over(model.source, plain)
        self.streams = streams_of(tables, statements)
        still = names_of(tables) - names_of(plain)  # what texts are compared with cannot move
        try:
            parts = apart(statements, tables, model.source)
            self.program = RowProgram(parts, output, model.seed, model.sizes, still)
        except NotApart as error:
            raise larger_than_memory(self.streams, error.reason) from None
        known, missing = inputs_at(model, values)
        self._given = {model.labels[node]: number for node, number in known.items()}
        self._given = counted(self.program, self._given, self.streams, values)
        lacking = [model.labels[node] for node in missing]
        if lacking:
            evaluate(model, values, output)  # which says so
        self._values = dict(values)
        self.start: Point = [self._given[name] for name in names]
        moving = {*names}
        self._fixed = {n: number for n, number in self._given.items() if n not in moving}
        self._made: dict[tuple[int, tuple[int, ...]], MachineBatches] = {}
        self._by_code = engine != "python"
        self._last = nan
        self._at: tuple[Point, SumsAndSlopes] | None = None
        self._x: Point = self.start
        self._foreseen: dict[tuple[float, ...], float] = {}
        self._roundings: dict[tuple[float, ...], float] = {}

    @cached_property
    def operations(self) -> set[str]:
        """Those of all steps that may stand on a border."""
        return self.program.bordering

    @property
    def size(self) -> int:
        rows = int(max(each.count() for each in self.streams))
        return rows * len(self.program.row.columns) + len(self.program.once.columns)

    @property
    def steps(self) -> int:
        """How many steps of all rows lead to what is gathered."""
        row = self.program.row.columns
        nodes = in_order([each.term for each in self.program.sums], row.operands)
        return sum(map(row.is_step, nodes)) * int(max(each.count() for each in self.streams))

    @property
    def work(self) -> int:
        return self.size  # files are read anew for each value

    @property
    def last(self) -> float:
        return self._last

    @property
    def has_bends_at_hand(self) -> bool:
        return self._chosen is not None

    @cached_property
    def is_smooth(self) -> bool:
        return is_smooth(self.operations)

    @cached_property
    def second_derivatives(self) -> BendsOfRows | None:
        if self._chosen is None:  # of many members that rows name only slopes are known
            return None
        from backprop.descent.bends_of_rows import BendsOfRows  # they are not always wanted

        over = self._over if self._by_code and self._chosen is self.program else None
        return BendsOfRows(self._chosen, self.names, self._all_given, self.streams, over)

    @cached_property
    def _chosen(self) -> RowProgram | None:
        """The program with choices in the place of members that rows name, if these are few."""
        from backprop.by_rows.chosen_members import chosen

        return chosen(self.program)

    def squares(self, sign: float) -> None:
        return None

    @property
    def graph(self) -> GraphObjective:
        raise self._all_at_once()

    def worth_compiling(self, engine: str, steps: int, around: float) -> bool:
        return False

    def value(self, x: Sequence[float]) -> float:
        look(self, x)
        self._at, self._last, self._x = None, self._foreseen.get(tuple(x), nan), [*x]
        if isnan(self._last):
            self._at = [*x], self._passed(x)
            self._last = self._at[1].value
        return self._last

    def foresee(self, points: Sequence[Point]) -> None:
        """Compute the values at points that are asked for next, by the same passes."""
        new = {tuple(x): x for x in points if tuple(x) not in self._foreseen}
        if len(new) < 2:
            return
        if len(self._foreseen) + len(new) > _FORESEEN:
            self._foreseen.clear()
        self._foreseen |= zip(new, self.values([*new.values()]), strict=True)

    @property
    def most(self) -> int:
        """At so many points at most `values` are to be asked for at once."""
        return max(1, _NUMBERS // (len(self._given) + 1))

    def values(self, points: Sequence[Sequence[float]]) -> list[float]:
        """The values at points, all by the same passes; nan where there is none."""
        given, found = [self._all_given(x) for x in points], [nan] * len(points)
        left = [at for at, x in enumerate(points) if all(map(isfinite, x))]
        if self._by_code:
            try:
                self._know(found, left, given, self._over_points)
            except (NotApart, NotLoops, NoMachineCode):
                self._by_code = False
        if left := [at for at in left if isnan(found[at])]:  # of these blocks know more
            self._know(found, left, given, None)
        return found

    def _know(
        self,
        found: list[float],
        some: Sequence[int],
        given: Sequence[Mapping[str, float]],
        over: OverPoints | None,
    ) -> None:
        """Compute the values at some of points."""
        at = [given[each] for each in some]
        with over_blocks() as mapped:
            values = self.program.values_at(at, self.streams, over, mapped)
        for each, value in zip(some, values, strict=True):
            found[each] = value

    @property
    def gradients(self) -> Mapping[str, float]:
        """The derivatives by all names that are computed once, where it was last computed."""
        assert self._at
        return self._at[1].gradients

    def noted(self, watched: bool = False) -> tuple[Gradient, SumsAndSlopes]:
        """Value and gradient at the start by all that is computed once and in the text, with its numbers, and
        with a note where that is of one side; and what the passes found. watched: with what has rows."""
        notes = list[AtBorder]()
        try:
            found = self._blocks(self.start, sure=True, watched=watched)
        except NotSure as error:
            if error.row >= 0:
                self._no_value(error, self.start)
            message = f"{error}: there the gradient is that of one side, and digits may be lost"
            notes = [AtBorder(message, where=self.model.source.name)]
            try:
                found = self._blocks(self.start, sure=False, watched=watched)
            except NotSure as worse:
                self._no_value(worse, self.start)
        slopes = {**found.gradients, self.output: 1.0}
        names = [name for name in self.model.names if name in found.data]
        data = {name: found.data[name] for name in names}
        by = {name: slopes[name] for name in names if name in slopes}
        warnings = tuple(self.model.warnings)
        return Gradient(self.output, found.value, data, by, warnings, tuple(notes)), found

    def gradient(self) -> Point:
        if self._at is None:  # the value was foreseen
            self._at = self._x, self._passed(self._x)
        return [self._at[1].gradients.get(name, 0.0) for name in self.names]

    def found(self, x: Sequence[float]) -> Gradient:
        """Value and gradient at x, with the numbers of the parameters."""
        self._foreseen.pop(tuple(x), None)  # what is told has value and gradient of one pass
        value, slopes = self.value(x), self.gradient()
        at, by = self._named(x), self._named(slopes)
        return Gradient(self.output, value, at, by, tuple(self.model.warnings))

    def explained(self, error: NotFinite) -> NotFinite:
        if not isinstance(error, NoValueInRow) or error.row < 0:
            return error
        heads = [
            each.head(error.row if at == error.table else 0) for at, each in enumerate(self.streams)
        ]
        try:
            model = read_model(
                self.model.source, self.model.seed, sizes=self.model.sizes, tables=heads
            )
            evaluate(model, {**self._values, **self._named(error.x)}, self.output)
        except NotFinite as found:
            return found
        except BackpropError:  # of which a single row is not the cause
            pass
        return error

    def rounding(self, x: Sequence[float]) -> float:
        key = tuple(x)
        if key not in self._roundings:
            try:
                found = self._blocks(x, sure=False, effects=True)
            except NotSure as error:
                self._no_value(error, x)
            self._roundings[key] = float_info.epsilon * sqrt(found.effect)
        return self._roundings[key]

    def ending(self, x: Sequence[float]) -> Ending:
        found = self.found(x)
        return Ending(
            found, self._evaluation, not self._at_border(x), is_continuous(self.operations)
        )

    def _evaluation(self) -> Evaluation:
        raise self._all_at_once()

    def _all_at_once(self) -> TooLarge:
        name = self.streams[0].name
        message = f"{name} is larger than memory is to hold at once"
        return TooLarge(message, hints=["let it have more: --memory 8G"], where=name)

    def _at_border(self, x: Sequence[float]) -> bool:
        """Whether some step that moves stands on a border there, or may do."""
        if not any(map(edges.has_some, self.operations)):
            return False
        try:
            self._blocks(x, sure=True)
        except NotSure:
            return True
        return False

    def _passed(self, x: Sequence[float]) -> SumsAndSlopes:
        """By machine code where that is possible. Raises NotFinite."""
        if self._by_code:
            try:
                return self.program.value_and_gradient(
                    self._all_given(x), self.streams, over=self._over
                )
            except NotSure:
                pass  # blocks know which row it is
            except (NotApart, NotLoops, NoMachineCode):
                self._by_code = False
        try:
            return self._blocks(x, sure=False)
        except NotSure as error:
            self._no_value(error, x)

    def _no_value(self, error: NotSure, x: Sequence[float]) -> NoReturn:
        where = self.model.source.name
        raise NoValueInRow(self.output, x, error.table, error.row, where) from None

    def _blocks(
        self, x: Sequence[float], sure: bool, effects: bool = False, watched: bool = False
    ) -> SumsAndSlopes:
        """By NumPy, block after block. Raises NotSure."""
        given = self._all_given(x)
        with over_blocks() as mapped:
            try:
                return self.program.value_and_gradient(
                    given, self.streams, watched, mapped, sure, effects=effects
                )
            except (OverflowError, ValueError, ZeroDivisionError) as error:
                raise NotSure(str(error)) from None

    def _all_given(self, x: Sequence[float]) -> dict[str, float]:
        return {**self._given, **self._named(x)}

    def _over(self, table: int, sums: Sequence[Summed]) -> Any:
        """A pass over the rows of a table."""
        return self._batches(table, sums).over

    def _over_points(self, table: int, sums: Sequence[Summed], points: Any) -> Any:
        return self._batches(table, sums).over_points(points)

    def _batches(self, table: int, sums: Sequence[Summed]) -> MachineBatches:
        some = table, tuple(each.term for each in sums)
        if some not in self._made:
            made = MachineBatches(self.program, sums, self.streams[table], self._fixed)
            self._made[some] = made
        return self._made[some]

    def _named(self, x: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.names, x, strict=True))
