"""What a wrong share of a derivative could have come from: the mistakes that can be made on the way through
one equation alone."""

from collections.abc import Iterator
from copy import copy
from functools import cached_property

from backprop.checks import mistake_table as table
from backprop.checks.suspects import Mistakes, Suspect
from backprop.checks.way import Way
from backprop.values import Numbers, tangents


def way_through(way: Way, through: int) -> Way:
    """What of a way lies in one equation that uses its name, as if nothing else did."""
    found = copy(way)
    inside = [*way.graph.equation(through)]
    met = {way.by}
    for step in inside:
        if not met.isdisjoint(way.graph.operands(step)):
            met.add(step)
    output = way.graph.output
    found.above = [step for step in inside if step in met]
    found.above += [output] if through != output else []
    found.uses = [each for each in way.uses if each.step == through and each.operand == way.by]
    found.steps = [each for each in way.steps if each.equation == through and each.operand in met]
    return found


class ShareMistakes(Mistakes):
    """The mistakes that can be made in what one equation adds to a derivative, at one point.

    way: through this equation alone. right: the share.
    """

    def __init__(self, way: Way, numbers: Numbers, through: int, right: float) -> None:
        super().__init__(way, numbers)
        self._right, self._through = right, through

    @cached_property
    def _tangent(self) -> dict[int, float]:
        inside = self._graph.equation(self._through)
        return tangents(self._graph, inside, self._data, {self._way.by: 1.0})

    def suspects(self) -> Iterator[Suspect]:
        """Every mistake, with the value that it gives; that all shares were meant among them."""
        yield from super().suspects()
        rest = self._gradients[self._way.by] - self._right
        row = table.BY_NAME["all shares"]
        value = row.gives({"right": self._right, "rest": rest})
        if value is not None:
            yield Suspect(row.rank, row.kind, value, row.said, None, self._through)
