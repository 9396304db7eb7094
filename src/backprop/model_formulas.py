"""What a program can ask of a Model that is formulas: its derivatives, as `backprop diff` writes them, and
how they come about, as `explain` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, overload

from backprop import options as declared
from backprop.errors import BadOption
from backprop.model_pictures import PictureVerbs
from backprop.options import default_of, documented, names, names_by
from backprop.report.derivative_report import DerivativeReport
from backprop.showing import Bundle

if TYPE_CHECKING:
    from backprop.derivation import Derivation
    from backprop.derivation.steps import SymbolicDerivation


class DerivativeFormulas(DerivativeReport):
    """Derivatives as formulas: prints as the command does, and is mathematics in a notebook.

    formulas: the derivatives that were asked for, by name, as formulas of the equation language.
    text: the equation file, as `print` writes it. latex, markdown: for people, with the slopes of
    textbooks. warnings, notes: what a person should know. The rest is as in DerivativeReport.
    """

    _read: Callable[[], DerivativeReport]
    """What derives with the slopes of textbooks."""

    @cached_property
    def _readable(self) -> DerivativeReport:
        return self._read()

    @property
    def formulas(self) -> Mapping[str, str]:
        own = {*self.asked}
        return {each.name: each.text for each in self.equations if each.name in own}

    @property
    def text(self) -> str:
        return self._written("text", self)

    @property
    def latex(self) -> str:
        return self._written("latex", self._readable)

    @property
    def markdown(self) -> str:
        return self._written("markdown", self._readable)

    def _written(self, format: str, found: DerivativeReport) -> str:
        from backprop.reports import FORMULAS
        from backprop.reports.style import Style

        return FORMULAS.writer(format)(found, Style()).rstrip("\n")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<derivatives: {', '.join(self.asked)}>"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """In IPython, which otherwise writes tuples as such."""
        printer.text(self.text)

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        """In a notebook: mathematics, or the text where that cannot be shown."""
        return {"text/plain": self.text, "text/markdown": self.markdown, "text/latex": self.latex}


class FormulaVerbs(PictureVerbs):
    """A Model, with the verbs whose results are formulas."""

    @documented
    def diff(
        self,
        of: str | Sequence[str] = (),
        wrt: str | Sequence[str] | None = None,
        *,
        values: Mapping[str, float] | None = None,
        order: declared.DiffOrder = default_of(declared.DiffOrder),
        shape: declared.DiffShape = default_of(declared.DiffShape),
        pretty: bool = False,
    ) -> DerivativeFormulas:
        """The derivatives of an output as formulas, simplified: prints as an equation file.

        of: outputs, by default the goal of the file or the only one. wrt: the names that they are derived
        by, by default the inputs that are no constants; with an `order` above 1 and as many names one
        mixed derivative. values: numbers for inputs, which stand first in the text. pretty: text is
        mathematics to read. Raises UnknownName, ChooseOutput, OutsideBounds, TooLarge and BadOption.

            >>> import backprop
            >>> print(backprop.parse("L = x^2*sin(x)").diff())
            dL_dx = 2*x*sin(x) + x^2*cos(x)
            >>> backprop.parse("e = a*b; d = e+c; L = d*f").diff(wrt="a, f").formulas
            {'dL_da': 'b*f', 'dL_df': 'a*b + c'}
        """
        from backprop.derived_formulas import derivatives
        from backprop.indexed_derivatives import DiffRequest

        numbers = self._asked(values, None, {}).numbers
        asked = DiffRequest(names(of), names_by(wrt), order, shape, pretty)
        found = DerivativeFormulas(*derivatives(self, numbers, asked)._replace(pretty=pretty))
        found._read = partial(derivatives, self, numbers, asked._replace(textbook=True))
        return found

    @overload
    def explain(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        detail: declared.Detail = ...,
        paths: Sequence[str] = ...,
        steps_of: declared.StepsOf = ...,
        only: Sequence[str] = ...,
        row: int | None = None,
        all: bool = False,
        symbolic: Literal[False] = False,
        **numbers: float,
    ) -> Derivation: ...

    @overload
    def explain(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        detail: declared.Detail = ...,
        paths: Sequence[str] = ...,
        steps_of: declared.StepsOf = ...,
        only: Sequence[str] = ...,
        row: int | None = None,
        all: bool = False,
        symbolic: Literal[True],
        **numbers: float,
    ) -> SymbolicDerivation: ...

    @documented
    def explain(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        detail: declared.Detail = default_of(declared.Detail),
        paths: Sequence[str] = (),
        steps_of: declared.StepsOf = default_of(declared.StepsOf),
        only: Sequence[str] = (),
        row: int | None = None,
        all: bool = False,
        symbolic: bool = False,
        **numbers: float,
    ) -> Derivation | SymbolicDerivation:
        """The chain rule step by step: prints as a text, and is a page in a notebook.

        values, of, numbers: as for `grad`. paths: names whose gradients are wanted as the sum over
        all paths, and nothing else. only: the names whose steps are wanted. row: of data, from 1 on, of
        which all steps are wanted. all: explain even what is large. symbolic: without numbers, the
        derivatives as formulas, rule by rule. Raises as `grad`, BadOption, TooLarge.

            >>> import backprop
            >>> print(backprop.parse("L = x^2").explain(x=3, steps_of="forward"))
            L = 9
            <BLANKLINE>
            Given
            -----
              x = 3
            <BLANKLINE>
            Forward pass
            ------------
            Every value, from the inputs on.
            <BLANKLINE>
              1. L = x^2 = 3^2 = 9
        """
        asked = self._asked(values, of, numbers)
        if symbolic:
            from backprop.derived_formulas import rules_of

            if paths or steps_of != "both" or detail != "equations" or all or row is not None:
                hints = ["leave paths, steps_of, detail, all and row out"]
                raise BadOption("symbolic=True goes rule by rule", hints=hints)
            given = self.laid is not None
            return rules_of(self, asked.numbers, self.output(of), names(only), given)
        from backprop import commands

        return commands.explain(asked, detail, names(paths), names(only), steps_of, all, row)[0]
