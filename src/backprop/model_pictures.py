"""The pictures and pages that a program can ask of a Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop import options as declared
from backprop.errors import BadOption
from backprop.model_matrices import Matrices
from backprop.options import default_of, documented, names
from backprop.reports.themes import TIMEOUT, Look, ThemeName

if TYPE_CHECKING:
    from graphviz import Digraph

    from backprop.model_page import InteractivePage
    from backprop.reports.shapes.step_drawings import StepDrawings


class PictureVerbs(Matrices):
    """A Model, with the verbs that draw it."""

    @documented
    def draw(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        theme: ThemeName = default_of(ThemeName),
        direction: declared.Direction = "LR",
        passes: declared.Pass = default_of(declared.Pass),
        detail: declared.DetailBySize = default_of(declared.DetailBySize),
        focus: Sequence[str] = (),
        depth: declared.Depth = default_of(declared.Depth),
        all: bool = False,
        digits: declared.PictureDigits = default_of(declared.PictureDigits),
        title: str | None = None,
        **numbers: float,
    ) -> Digraph:
        """The graph with data and gradients, as a picture: a `graphviz.Digraph`.

        values, of, numbers: as for `grad`. focus: names near which is all that is drawn. all: draw
        even what is large. title: a heading; "" is the first comment of the equations. direction: what fits
        a slide is known of `draw_steps` only, which lays out. Raises what `grad` raises, BadOption and
        TooLarge.
        """
        from backprop import commands
        from backprop.reports.drawing import digraph

        asked = self._asked(values, of, numbers)
        picture, _ = commands.draw(asked, detail, names(focus), depth, all)
        return digraph(picture, self._look(theme, direction, passes, digits, title))

    @documented
    def draw_steps(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        theme: ThemeName = default_of(ThemeName),
        direction: declared.Direction = default_of(declared.Direction),
        passes: declared.Pass = default_of(declared.Pass),
        detail: declared.DetailBySize = default_of(declared.DetailBySize),
        focus: Sequence[str] = (),
        depth: declared.Depth = default_of(declared.Depth),
        all: bool = False,
        digits: declared.PictureDigits = default_of(declared.PictureDigits),
        blank: bool = False,
        title: str | None = None,
        **numbers: float,
    ) -> StepDrawings:
        """What `draw` draws, step by step, numbered as in `explain`: a notebook shows it moving.

        It has `picture(step, format)`, `animation(interval)` and `save(folder, format)`, a picture a step.
        blank: with lines to write on for what is not computed. The others as for `draw`. Raises what `draw`
        raises, and CannotDraw.
        """
        from backprop.reports.shapes.step_drawings import StepDrawings
        from backprop.step_pictures import stepped_picture

        asked = self._asked(values, of, numbers)
        stepped, _ = stepped_picture(asked, detail, names(focus), depth, all, passes)
        return StepDrawings(stepped, self._look(theme, direction, passes, digits, title), blank)

    def _look(
        self, theme: str, direction: str | None, passes: str, digits: int | None, title: str | None
    ) -> Look:
        """How a picture is to look. title: its heading; None for none."""
        from backprop.page_content import headed

        heading = "" if title is None else headed(title, self.source)
        return Look(theme, direction, passes == "backward", digits, title=heading)

    def page(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        title: str | None = None,
        language: str = "en",
        **numbers: float,
    ) -> InteractivePage:
        """The graph as an interactive page, which a notebook shows and `save("lesson.html")` writes.

        values, of, numbers: as for `grad`; where the page begins. title: None for the first comment of the
        equations. language: "en" or "de". Raises what `grad` raises, BadOption, TooLarge and CannotDraw.
        """
        from backprop.model_page import InteractivePage
        from backprop.paging import page
        from backprop.reports.page.page_html import LANGUAGES, write

        if language not in LANGUAGES:
            raise BadOption(f"there are no words in {language!r}", hints=[" or ".join(LANGUAGES)])
        content, _ = page(self._asked(values, of, numbers), title)
        return InteractivePage(write(content, language, TIMEOUT))
