"""A Value as a program has it, which is drawn, and is a picture in notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprop import options as declared
from backprop import values as plain
from backprop.evaluation.gradient import settled
from backprop.options import default_of, documented
from backprop.reports.themes import ThemeName

if TYPE_CHECKING:
    from graphviz import Digraph


class Value(plain.Value):
    __doc__ = plain.Value.__doc__
    __slots__ = ()

    def backward(self) -> None:
        """Set `grad`, here and in everything that leads here, to the derivative of self by it: nan
        where the chain rule meets 0·∞ and does not decide (`Model.grad` asks the values)."""
        graph, values = plain.graph_of([self])
        numbers = plain.Numbers([value.data for value in values], [0.0] * len(values))
        settled(graph, *numbers)
        plain.leave(values, numbers)

    @documented
    def draw(
        self, *, theme: ThemeName = default_of(ThemeName), direction: declared.Direction = "LR"
    ) -> Digraph:
        """The graph that leads here, as a picture: a `graphviz.Digraph`. Call `backward()` first."""
        from backprop.reports.notebook_pictures import draw_value

        return draw_value(self, theme, direction)

    draw_dot = draw

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: the picture and the text."""
        from backprop.reports.notebook_pictures import value_bundle

        return value_bundle(self)
