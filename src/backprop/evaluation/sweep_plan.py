"""How few sweeps find the second derivatives that can be other than 0, and which of them."""

from typing import Any, NamedTuple, Self

import numpy

from backprop.engine.sparsity import Sparsity, coloured_symmetric

LEAST = 16
"""From so many leaves on, structure may save sweeps."""


class Entries(NamedTuple):
    """The numbers of a symmetric matrix that can be other than 0, by row and column, both triangles:
    three arrays of one length. sweeps: how many found them. width: of the matrix. above, below: the
    places in these arrays of the entries of both triangles in the same order, if they are known."""

    rows: Any
    columns: Any
    values: Any
    sweeps: int
    width: int
    above: Any = None
    below: Any = None

    def diagonal(self) -> Any:
        """Those in the diagonal, shape (width,)."""
        own = self.rows == self.columns
        diagonal = numpy.zeros(self.width)
        diagonal[self.rows[own]] = self.values[own]
        return diagonal

    def symmetric(self) -> Self:
        """Entries of which both triangles are one, not only but for rounding."""
        known = self.above is not None
        above, below = (self.above, self.below) if known else _pairs(self.rows, self.columns)
        values = self.values.copy()
        one = values.take(above)
        if not numpy.isfinite(values.sum()):  # what is nan in one is so in both
            with numpy.errstate(all="ignore"):
                one = one / 2 + values.take(below) / 2
            values[above] = one
        values[below] = one
        return self._replace(values=values)

    @classmethod
    def every(cls, table: Any) -> Self:
        """All numbers of a symmetric matrix, each found by a sweep of its own."""
        count = len(table)
        rows, columns = (places.ravel() for places in numpy.indices(table.shape))
        return cls(rows, columns, table.ravel(), count, count)

    def some(self) -> Self:
        """Those that are other than 0."""
        kept = self.values != 0
        rows, columns, values = (each[kept] for each in (self.rows, self.columns, self.values))
        return self._replace(rows=rows, columns=columns, values=values, above=None, below=None)

    def dense(self) -> Any:
        """The matrix, shape (width, width)."""
        table = numpy.zeros((self.width, self.width))
        table[self.rows, self.columns] = self.values
        return table


class SweepPlan(NamedTuple):
    """How a few directions find all entries. ways: shape (sweeps, n). Entry number k stands at
    (rows[k], columns[k]), and in what the sweeps find, one behind the other, at place at[k]. above,
    below: as in Entries."""

    ways: Any
    rows: Any
    columns: Any
    at: Any
    above: Any
    below: Any

    def entries(self, found: Any) -> Entries:
        """The entries, of what the sweeps found, shape (sweeps, n)."""
        return self.filled(found.ravel().take(self.at))

    def filled(self, values: Any) -> Entries:
        """The entries that have these values."""
        sweeps, width = self.ways.shape
        return Entries(self.rows, self.columns, values, sweeps, width, self.above, self.below)


def sweep_plan(pattern: Sparsity | None) -> SweepPlan | None:
    """The directions that find all second derivatives, where they are fewer than half the leaves."""
    if pattern is None:
        return None
    count = len(pattern)
    colouring = coloured_symmetric(pattern)
    sweeps = len(colouring.alone) + colouring.size
    if 2 * sweeps > count:
        return None
    colours = numpy.array(colouring.colours)
    alone = numpy.full(count, -1)
    alone[colouring.alone] = numpy.arange(len(colouring.alone))
    ways = numpy.zeros((sweeps, count))
    ways[numpy.arange(len(colouring.alone)), colouring.alone] = 1.0
    seen = numpy.flatnonzero(colours >= 0)
    ways[len(colouring.alone) + colours[seen], seen] = 1.0
    rows = numpy.repeat(numpy.arange(count), [len(each) for each in pattern])
    columns = numpy.array([at for each in pattern for at in each], int)
    by_row = alone[rows] >= 0  # what stands in such a row is known from its own sweep
    of = numpy.where(alone[columns] >= 0, alone[columns], len(colouring.alone) + colours[columns])
    sweep = numpy.where(by_row, alone[rows], of)
    at = sweep * count + numpy.where(by_row, columns, rows)
    return SweepPlan(ways, rows, columns, at, *_pairs(rows, columns))


def _pairs(rows: Any, columns: Any) -> tuple[Any, Any]:
    """The places of the entries above the diagonal, and of those that they are below it."""
    by_rows, by_columns = numpy.lexsort((columns, rows)), numpy.lexsort((rows, columns))
    above = rows[by_rows] < columns[by_rows]
    return by_rows[above], by_columns[above]
