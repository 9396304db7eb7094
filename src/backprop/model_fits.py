"""What a program can ask of a Model with rows of data: to fit its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop.inputs import Opened
from backprop.language.laid import data_of
from backprop.language.model import Model
from backprop.loops.worth import MANY_OFTEN, read_model
from backprop.model_data import OverData
from backprop.options import MaxNodes as MostNodes
from backprop.options import default_of

if TYPE_CHECKING:
    from backprop.descent_options import GivenBounds
    from backprop.report.fit_report import FitReport


class FitVerb(OverData):
    """A Model, with the verb that fits it."""

    def fit(
        self,
        data: Any = None,
        values: Mapping[str, float] | None = None,
        *,
        of: str | None = None,
        only: Sequence[str] = (),
        freeze: Sequence[str] = (),
        bounds: GivenBounds | None = None,
        sigma: str = "",
        absolute_sigma: bool = False,
        starts: int = 1,
        seed: int = 0,
        steps: int = 2000,
        intervals: str = "",
        level: float = 0.95,
    ) -> FitReport:
        """Fit the parameters of model statements, `y ~ a*exp(-b*x)`, or of another sum of squares, by
        least squares.

        data: a table, as of `parse`, in the place of the Model's own. values: starts of parameters by
        name, and numbers of other inputs; a parameter without any gets a start from the data. of: a sum
        or mean of squares, if not the model statements. only, freeze: names or patterns of parameters
        that are fitted, or held. bounds: of parameters, `{"a": (0, None)}` or texts. sigma: the error
        of each row, a column or an expression; absolute_sigma: that it is the error itself, and not
        only a weight. starts: runs from so many starts, all but one at random by the seed. steps: the
        most of a run. intervals: `profile` or `bootstrap`, at a level.

        The result has `parameters` and `errors` by name, `covariance` and `correlations`, shape (P, P),
        `value`, `converged` and `verdicts`, sentences. Raises NeedsData for fewer rows than parameters,
        ChooseOutput for what is no sum of squares, and what `grad` raises at the start.

        >>> import backprop >>> data = {"x": [0, 1, 2, 3], "y": [5, 3, 2, 1.2]} >>> found =
        backprop.parse("y ~ a*exp(-b*x)", data=data).fit() >>> {name: round(number, 3) for name, number
        in found.parameters.items()} {'a': 4.971, 'b': 0.474}
        """
        from backprop.fitted import FitOptions, ready  # with numpy

        model = self if data is None else self.over(data)
        if model._lacks is not None:
            raise model._lacks.with_traceback(None)
        given = {name: float(number) for name, number in (values or {}).items()}
        most = default_of(MostNodes)

        def read_given(text: Opened, numbers: bool) -> tuple[Model, Mapping[str, float]]:
            tables = text.tables
            found = read_model(text.source, self.seed, most, MANY_OFTEN, tables=tables)
            return found, given if numbers else {}

        opened = Opened(model.source, data_of(model.laid))  # type: ignore[arg-type]
        options = FitOptions(
            only,
            freeze,
            bounds,
            sigma,
            absolute_sigma,
            starts,
            seed,
            steps,
            False,
            intervals,
            level,
        )
        return ready(opened, read_given, of, options).run()
