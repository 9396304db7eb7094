"""What a program can ask of a Model with rows of data: to fit its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from backprop.fit_options import FitOptions, complete
from backprop.inputs import Opened
from backprop.language.laid import data_of
from backprop.language.model import Model
from backprop.loops.worth import MANY_OFTEN, read_model
from backprop.model_data import OverData
from backprop.options import MaxNodes, default_of, documented

if TYPE_CHECKING:
    from backprop.fit_result import Fit


class FitVerb(OverData):
    """A Model, with the verb that fits it."""

    @documented
    def fit(
        self,
        data: Any = None,
        values: Mapping[str, float] | None = None,
        *,
        of: str | None = None,
        seed: int = 0,
        **options: Unpack[FitOptions],
    ) -> Fit:
        """Fit the parameters of model statements, `y ~ a*exp(-b*x)`, or of another sum of squares, by
        least squares.

        data: a table, as of `parse`, in the place of the Model's own. values: starts of parameters by
        name, and numbers of other inputs; a parameter without any gets a start from the data. of: a sum
        or mean of squares, if not the model statements, or any other output over rows: the negative
        logarithm of a likelihood, or its logarithm where the file maximizes it. seed: of starts and samples
        at random. options: those below.

        The result has `parameters` and `errors` by name, `covariance` and `correlations`, shape (P, P),
        `value`, `converged` and `verdicts`, sentences, `predict(data)` and `plot()`. Raises NeedsData for
        fewer rows than parameters, ChooseOutput for what is neither, BadOption, and what `grad` raises at the
        start.

            >>> import backprop
            >>> data = {"x": [0, 1, 2, 3], "y": [5, 3, 2, 1.2]}
            >>> found = backprop.parse("y ~ a*exp(-b*x)", data=data).fit()
            >>> {name: round(number, 3) for name, number in found.parameters.items()}
            {'a': 4.971, 'b': 0.474}
        """
        from backprop.fit_groups import by_groups
        from backprop.fit_result import Fit  # with numpy
        from backprop.fitted import all_parameters, ready, with_same_rows

        model = self if data is None else self.over(data)
        if model._lacks is not None:
            raise model._lacks.with_traceback(None)
        given = {name: float(number) for name, number in (values or {}).items()}
        most = default_of(MaxNodes)

        def read_given(text: Opened, numbers: bool) -> tuple[Model, Mapping[str, float]]:
            how = self.seed, most, MANY_OFTEN
            found = read_model(text.source, *how, sizes=model.sizes, tables=text.tables)
            return found, given if numbers else {}

        asked = complete(options)
        opened = with_same_rows(Opened(model.source, data_of(model.laid)), asked)  # type: ignore[arg-type]
        if not asked["by"]:
            return Fit.of(ready(opened, read_given, of, asked, seed))
        grouped = by_groups(opened, asked["by"], model, all_parameters(model, of))
        given = grouped.numbers(given)
        return Fit.of(ready(grouped.opened, read_given, of, asked, seed, grouped))
