"""Where the equations and the numbers come from: the options that every command has."""

import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, NamedTuple

from backprop.errors import BadOption, CannotRead
from backprop.files import is_table, read_source, typed
from backprop.language import Model
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.loops.worth import MANY, read_model, silent
from backprop.options import MaxNodes, Option, Seed, default_of, names_of
from backprop.source import Source

if TYPE_CHECKING:
    from backprop.data_given import DataTable
    from backprop.data_streamed import StreamedTable
    from backprop.language.laid import Data

DEFAULT_FILE = "eqs.txt"
FILE_VARIABLE = "BACKPROP_FILE"


def default_file() -> str:
    """Where the equations are, if a command line does not say it."""
    return os.environ.get(FILE_VARIABLE) or DEFAULT_FILE


def say(sentence: str) -> None:
    """Write to standard error; where that is impossible, be silent."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()


class Asked(NamedTuple):
    """What is asked of a Model: at which numbers, and of which output (None: the only one)."""

    model: Model
    numbers: Mapping[str, float]
    output: str | None

    def read(self, many: float = 0) -> "Asked":
        """Itself: there is nothing to read."""
        return self


_ENDLESS = 1 << 62

_THREADS = "backprop.by_rows.threads"

_MANY = 5000
"""Rows of tables from which on equations are read by one of them."""

_BY_ROWS = re.compile(r"""[\["'’]|\bcount\b|\bfor\b""")
"""What may depend on which rows there are."""


class Opened(NamedTuple):
    """The equations that a person gives, and the tables: what can be read once only."""

    source: Source
    tables: "Sequence[DataTable | StreamedTable]"

    def heads(self) -> "Sequence[Data] | None":
        """The first row of each table that is larger than memory is to hold, and those that name other
        members, by which equations are looked at; None if none is."""
        if not self.tables:
            return None
        from backprop.data_streamed import StreamedTable  # for data only

        some = [each for each in self.tables if isinstance(each, StreamedTable)]
        if not some or len(some) < len(self.tables):
            return None
        from backprop.data_members import heads_naming_all

        return heads_naming_all([each.head() for each in some], self.source)

    def seen_by_heads(self) -> "Opened | None":
        """Itself with the first row of each table in memory in its place, by which equations are read sooner
        than with all; None where there is another table, there are few rows, or something may depend on
        which rows there are: members that rows name, comparisons with texts, how many they are."""
        if not self.tables or _BY_ROWS.search(self.source.text):
            return None
        from backprop.by_rows.held_rows import TableHead  # for data only
        from backprop.data_given import DataTable

        if not all(isinstance(each, DataTable) and each.count >= _MANY for each in self.tables):
            return None
        return self._replace(tables=[TableHead(each) for each in self.tables])  # type: ignore[misc]


class Inputs(NamedTuple):
    """What a person gives. Settings win over files of values, these over the equations' own
    defaults, later ones over earlier ones."""

    # fmt: off
    file: Annotated[str | None, Option(
        "FILE",
        f"Equations; - is standard input. Default: {DEFAULT_FILE}, or what {FILE_VARIABLE} names.",
        path="equations",
    )] = None
    expressions: Annotated[Sequence[str], Option(
        "-e, --expr TEXT", "Equations as text, instead of FILE; repeatable.",
    )] = ()
    settings: Annotated[Sequence[str], Option(
        "--set TEXT", 'Numbers for inputs: "a=2, b=1/3"; they win over --values; repeatable.',
        offers="settings",
    )] = ()
    values: Annotated[Sequence[str], Option(
        "--values FILE",
        "Numbers for inputs, as lines a = 2 or as JSON; repeatable. Of a .csv grad takes each row.",
        path="read",
    )] = ()
    of: Annotated[Sequence[str], Option(
        "--of NAME",
        "The output; grad, jacobian and diff take several, * is each."
        " Default: what the equations say, or the only one.",
        read=names_of("--of"), offers="equations",
    )] = ()
    seed: Seed = default_of(Seed)
    max_nodes: MaxNodes = default_of(MaxNodes)
    verbose: Annotated[bool, Option(
        "--verbose", "Say on standard error how the equations are read: as loops or step by step, and why.",
    )] = False
    data: Annotated[Sequence[str], Option(
        "--data FILE",
        "Tables whose columns stand for names: CSV, TSV, Parquet, Arrow; - is standard input; repeatable.",
        path="tables",
    )] = ()
    columns: Annotated[Sequence[str], Option(
        "--column TEXT", 'What equations call a column: "x = Temp (C)"; repeatable.', needs=("data",),
    )] = ()
    where: Annotated[Sequence[str], Option(
        "--where TEXT", 'Rows that count: "x > 0 and site == 2"; repeatable.', needs=("data",),
    )] = ()
    delimiter: Annotated[str, Option(
        "--delimiter TEXT", "What stands between cells. Default: what the first line has.",
        "", needs=("data",),
    )] = ""
    decimal: Annotated[str, Option(
        "--decimal TEXT", "The decimal sign of a text: . by default, or ,",
        ".", choices=(".", ","), needs=("data",),
    )] = "."
    no_header: Annotated[bool, Option(
        "--no-header", "The first line has numbers: columns are called c1, c2, …", needs=("data",),
    )] = False
    skip_missing: Annotated[bool, Option(
        "--skip-missing", "Leave out rows without a number that is used.", needs=("data",),
    )] = False
    skip_bad_rows: Annotated[bool, Option(
        "--skip-bad-rows",
        "Leave out rows of which a cell, or what the equations make of it at the start, is not finite.",
        needs=("data",),
    )] = False
    memory: Annotated[str, Option(
        "--memory TEXT",
        "What tables may take, 2G; larger ones are read pass by pass. Default: a quarter of the machine's.",
        "", needs=("data",),
    )] = ""
    threads: Annotated[int, Option(
        "--threads N", "Processors for many rows of data. Default: all.", 0, min=0, needs=("data",),
    )] = 0
    # fmt: on

    @property
    def output(self) -> str | None:
        """The one output that is asked for, if any. Raises BadOption for several."""
        if len(self.of) > 1:
            raise BadOption("there is one output at a time", hints=["give --of a single name"])
        return self.of[0] if self.of else None

    def read(self, many: float = MANY) -> Asked:
        """The Model, its numbers and the one output. many: as of `given`."""
        return Asked(*self.given((), many), self.output)

    def model(self) -> Model:
        """The Model of the equations."""
        return self._read(self._equations(), self.tables(self.data))

    def _read(
        self,
        source: Source,
        tables: "Sequence[Data]",
        many: float = MANY,
        sizes: GivenSizes = NO_SIZES,
    ) -> Model:
        tell = say if self.verbose else silent
        return read_model(source, self.seed, self.max_nodes, many, tell, sizes, tables)

    def tables(self, files: Sequence[str]) -> "Sequence[DataTable | StreamedTable]":
        """The tables of some files, read as those of --data are."""
        if not files:
            return ()
        from backprop.data_given import DataOptions
        from backprop.data_lines import TextForm
        from backprop.data_streamed import opened_tables  # for data only
        from backprop.memory import memory_of

        form = TextForm(self.delimiter, self.decimal, not self.no_header)
        some = tuple(files), tuple(self.columns), tuple(self.where)
        if self.threads or _THREADS in sys.modules:  # whose import takes 3 ms
            from backprop.by_rows.threads import allow

            allow(self.threads)
        try:
            memory = memory_of(self.memory)
        except ValueError:
            hints = ["write it as 512M, or 2G"]
            raise BadOption(f"--memory {self.memory!r} is no size", hints=hints) from None
        return opened_tables(
            DataOptions(*some, form, self.skip_missing, self.skip_bad_rows, say, memory)
        )

    def _equations(self) -> Source:
        if self.expressions:
            if self.file is not None:
                hints = ["give one of the two"]
                raise BadOption("equations both in a file and after -e", hints=hints)
            return typed("\n".join(self.expressions), "-e")
        default = default_file()
        try:
            path = default if self.file is None else self.file
            if is_table(path) and os.path.exists(path):
                hints = [f"of data for equations it is --data {path}"]
                raise BadOption(f"{path} is a table, and no file of equations", hints=hints)
            return read_source(path, "a text goes after -e")
        except CannotRead as error:
            if self.file is not None or os.path.exists(default):
                raise
            message = f"no equations were given, and there is no file {default} here"
            hints = ['name a file, or write the equations after -e: -e "L = a*b"']
            if not sys.stdin or not sys.stdin.isatty():
                hints.append("for what comes down a pipe write - as the file")
            raise CannotRead(message, hints=hints) from error

    def opened(self) -> Opened:
        """The equations and the tables, for `given`."""
        found = Opened(self._equations(), self.tables(self.data))
        if found.tables:
            from backprop.data_told import tell_given_way

            tell_given_way(found.tables, found.source, say)
        if self.skip_bad_rows and found.heads():
            from backprop.bad_rows_passed import leave_out_bad_rows

            def read(heads: "Sequence[Data]") -> tuple[Model, dict[str, float]]:
                return self._given(found.source, heads, _ENDLESS, ())

            leave_out_bad_rows(found.source, found.tables, read, self.of, say)  # type: ignore[arg-type]
        return found

    def given(
        self,
        bounds: Collection[str] = (),
        many: float = MANY,
        opened: Opened | None = None,
        tables: "Sequence[Data] | None" = None,
    ) -> tuple[Model, dict[str, float]]:
        """The Model and the numbers for its inputs. bounds: names or patterns of those for which the
        bounds of the model do not hold. many: from so many steps on the Model is one of loops. opened: what
        it is made of, if that has been opened. tables: others in their place."""
        source, known = opened or self.opened()
        tables = known if tables is None else tables
        if self.skip_bad_rows and not any(hasattr(each, "heads") for each in tables):
            tables = self.good_tables(source, tables, many, bounds)
        return self._given(source, tables, many, bounds)

    def _given(
        self, source: Source, tables: "Sequence[Data]", many: float, bounds: Collection[str]
    ) -> tuple[Model, dict[str, float]]:
        """As `given`, of these tables."""
        if not (self.values or self.settings):
            return self._read(source, tables, many), {}
        from backprop.given import opened_all, read_numbers, read_with  # not at each start

        def read(source: Source, sizes: GivenSizes) -> Model:
            return self._read(source, tables, many, sizes)

        values = opened_all(self.values)
        model = read_with(source, values, self.settings, self.seed, read)
        return model, read_numbers(model, values, self.settings, bounds)

    def good_tables(
        self, source: Source, tables: "Sequence[Data]", many: float, bounds: Collection[str]
    ) -> "Sequence[Data]":
        """Tables in memory without the rows of which something is not finite. Raises what reading raises,
        MissingInputs without numbers for the inputs."""
        from backprop.bad_rows import good_tables  # rarely asked for
        from backprop.bad_rows_passed import tables_without

        def read(some: "Sequence[Data]", many: float) -> tuple[Model, dict[str, float]]:
            return self._given(source, some, many, bounds)

        tables, sure = tables_without(
            source, tables, lambda some: read(some, _ENDLESS), self.of, say
        )
        return tables if sure else good_tables(read, tables, self.of, say)
