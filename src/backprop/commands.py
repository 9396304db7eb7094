"""What each command does: files and options in, a report out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

from backprop.errors import BadOption, CannotRead, NotFinite, TooLarge
from backprop.evaluation.gradient import Gradient, evaluate, gradient
from backprop.files import STDIN, read_source
from backprop.given import read_numbers
from backprop.language import Model, read_model
from backprop.language.families import MOST_VALUES
from backprop.patterns import matching
from backprop.records import record
from backprop.report import GradientReport, gradient_report
from backprop.source import Source
from backprop.suggest import unknown_name

if TYPE_CHECKING:
    from backprop.derivation import Derivation
    from backprop.descent import Descent
    from backprop.picture import Picture
    from backprop.report.check import CheckReport, SheetReport
    from backprop.report.descent import DescentReport

_PLOTTED = 2000
"""About how many points the map of two parameters in a plot is made of."""

DEFAULT_FILE = "eqs.txt"
FILE_VARIABLE = "BACKPROP_FILE"


@record(frozen=True)
class Inputs:
    """Where the equations and the numbers come from; every command takes these.

    file: a path, `-` for standard input, None for the default. expressions: equation texts instead
    of a file. values: files of numbers. settings: texts such as `a=2, b=-3`; these win over files,
    files over the equations' own defaults, later ones over earlier ones. seed: of random inputs.
    most: Values that the equations may unroll to.
    """

    file: str | None = None
    expressions: Sequence[str] = ()
    values: Sequence[str] = ()
    settings: Sequence[str] = ()
    seed: int = 0
    most: int = MOST_VALUES


def grad(
    inputs: Inputs,
    of: Sequence[str] = (),
    wrt: Sequence[str] = (),
    whole: bool = False,
    only: Sequence[str] = (),
    engine: str = "auto",
) -> GradientReport:
    """The value and the gradient of each output in `of` (of the only one, if none is named).

    whole: a table has every member of a family; only: it has these names. engine: how it is computed.
    """
    model = load(inputs)
    numbers = _numbers(model, inputs)
    names = _meant(model, wrt)
    shown = _meant(model, only)
    outputs: Sequence[str | None] = list(dict.fromkeys(of)) or [None]
    results = [gradient(model, numbers, output, engine) for output in outputs]
    return gradient_report(model, results, names, whole, shown)


def draw(
    inputs: Inputs,
    of: str | None = None,
    detail: str | None = None,
    focus: Sequence[str] = (),
    depth: int = 1,
    whole: bool = False,
) -> tuple[Picture, Gradient]:
    """The picture of one output with its gradient, and the gradient itself (for its warnings).

    detail: operations or equations, None for what the size suggests. focus: names, of which `depth`
    equations around are drawn. whole: draw even what is large. Raises TooLarge, which says what
    else to ask for.
    """
    from backprop import picture as pictures

    model = load(inputs)
    graph, at, gradient = evaluate(model, _numbers(model, inputs), of)
    near: list[str] = []
    for name in focus:
        meant = matching(name, gradient.gradients)
        if not meant:
            raise unknown_name(name, gradient.gradients, f"what leads to {gradient.output}")
        near += meant

    def drawn(detail: str) -> Picture:
        found = pictures.picture(graph, at, model.text, detail)
        if detail == "equations" and not focus and not whole:
            found = pictures.folded(found)
        return pictures.focus(found, near, depth) if focus else found

    found = drawn(detail or "operations")
    size = found.size
    if detail is None and size > pictures.DETAILED:
        found = drawn("equations")
    if found.size > pictures.MOST and not whole:
        hints = [f"draw a part: --focus {gradient.output} --depth 2", "draw everything: --all"]
        if detail == "operations":
            hints.insert(0, "draw one box an equation: --detail equations")
        raise TooLarge(
            f"{found.size:,} boxes and circles are more than a page can show",
            hints=hints,
            where=model.source.name,
        )
    return found, gradient


@record(frozen=True)
class Descending:
    """A descent that is ready to run: everything that a person gave has been read and understood.

    options: those of `Model.descend` but for `every` and those of the callback.
    """

    model: Model
    numbers: Mapping[str, float]
    options: Mapping[str, Any]

    @cached_property
    def free(self) -> list[str]:
        """The parameters."""
        from backprop.descent.choices import parameters

        only, freeze = self.options["only"], self.options["freeze"]
        return parameters(self.model, self.output, only, freeze)

    @property
    def output(self) -> str:
        return self.model.output(self.options["of"])

    def run(
        self,
        callback: Callable[..., object] | None,
        callback_every: int,
        every: int,
        whole: bool = False,
    ) -> DescentReport:
        """Descend; the report has the Descent. whole: its table has every member of a family."""
        from backprop.descent import Rules, descend
        from backprop.descent.choices import parameters
        from backprop.report.descent import DescentReport

        options = {**self.options}
        limits = [options.pop(name) for name in ("steps", "until_grad", "until_change", "target")]
        found, _ = descend(
            self.model,
            self.numbers,
            rules=Rules(*limits),
            callback=callback,
            callback_every=callback_every,
            every=every,
            **options,
        )
        leading = parameters(self.model, found.output)
        kept = [name for name in leading if name not in found.parameters]
        return DescentReport(found, kept, whole)

    def saved(self, report: DescentReport) -> str:
        """The equation text with the numbers that were found: the best ones, if it diverged."""
        from backprop.language import with_defaults

        found = report.descent
        diverged = found.stopped == "diverged"
        parameters = found.best.parameters if diverged else found.parameters
        return with_defaults(self.model, {**self.numbers, **parameters})

    def height(self, found: Descent) -> Callable[[Sequence[float]], float]:
        """The output as a function of the parameters; nan where it has no value."""
        from backprop.descent.problem import Problem

        end = evaluate(self.model, {**self.numbers, **found.parameters}, found.output)
        problem = Problem(self.model, end, self.free, {}, engine="auto", runs=_PLOTTED)

        def height(point: Sequence[float]) -> float:
            try:
                return problem.value(point)
            except NotFinite:
                return nan

        return height


def descend(
    inputs: Inputs, bounds: Sequence[str] = (), state: str | None = None, **options: Any
) -> Descending:
    """Read everything that a descent needs. options: those of `Model.descend`.

    bounds: texts such as `a=0..1`. state: the file of an earlier run, which need not exist yet.
    """
    from backprop.descent.texts import read_bounds, read_state

    limits = read_bounds(bounds)
    model = load(inputs)
    numbers = _numbers(model, inputs)
    found = read_state(state) if state else None
    return Descending(model, numbers, {**options, "bounds": limits, "state": found})


def explain(
    inputs: Inputs,
    of: str | None = None,
    detail: str = "equations",
    ways: Sequence[str] = (),
    only: Sequence[str] = (),
    steps: str = "both",
    whole: bool = False,
) -> tuple[Derivation, Gradient]:
    """The steps of the chain rule for one output, and the gradient itself (for its warnings).

    ways: names from which all paths to the output are wanted, instead of the steps. The others are
    those of `backprop.derivation.derivation`.
    """
    from dataclasses import replace

    from backprop.derivation import Derivation, derivation, paths

    model = load(inputs)
    at = evaluate(model, _numbers(model, inputs), of)
    gradient = at.gradient
    for name in ways:
        if name not in gradient.gradients:
            raise unknown_name(name, gradient.gradients, f"what leads to {gradient.output}")
    if ways:
        found = Derivation(gradient.output, gradient.value, gradient.data)
        return replace(found, paths=paths(model, at, ways)), gradient
    return derivation(model, at, detail, only, steps, whole), gradient


def _meant(model: Model, patterns: Sequence[str]) -> list[str]:
    """The names that are meant by names, families and patterns. Raises UnknownName."""
    names: list[str] = []
    for each in patterns:
        found = matching(each, model.names)
        if not found:
            raise unknown_name(each, model.names, "these equations")
        names += found
    return names


def check(
    inputs: Inputs,
    of: str | None = None,
    claims: Sequence[str] = (),
    claim_files: Sequence[str] = (),
    precise: bool = False,
    tolerance: float | None = None,
    seed: int = 0,
) -> CheckReport | SheetReport:
    """The gradient of one output against differences; with claims, these, marked.

    claims: texts such as `da = 6, dL/db = f*a`. claim_files: files of such lines. precise: differences
    in mpmath's arithmetic. tolerance: how far a claim may be off, relative. seed: of random points.
    """
    from backprop.checks import check_gradient, mark, read_claims
    from backprop.report.check import CheckReport, SheetReport

    sheet = bool(claims or claim_files)
    if precise and sheet:
        hints = ["leave --precise out: claims are compared with the exact gradient"]
        raise BadOption("--precise is for a check without claims", hints=hints)
    if tolerance is not None and not (sheet and 0 <= tolerance < 1):
        hints = ["give it with --claim, between 0 and 1: --tolerance 0.001"]
        raise BadOption("--tolerance is how far a claim may be off, relative", hints=hints)
    if [*inputs.values, *claim_files, inputs.file].count(STDIN) > 1:
        raise BadOption("standard input can be read once only", hints=["use '-' once"])
    model = load(inputs)
    numbers = _numbers(model, inputs)
    if not sheet:
        return CheckReport(check_gradient(model, numbers, of, precise))
    found = read_claims(model, model.output(of), claims, claim_files)
    return SheetReport(mark(model, found, numbers, of, tolerance or 0.0, seed))


def load(inputs: Inputs) -> Model:
    """The Model of the equations that the options name."""
    if inputs.expressions:
        if inputs.file is not None:
            raise BadOption("equations both in a file and after -e", hints=["give one of the two"])
        return read_model(Source("<-e>", "\n".join(inputs.expressions)), inputs.seed, inputs.most)
    if inputs.file is not None:
        return read_model(read_source(inputs.file), inputs.seed, inputs.most)
    default = os.environ.get(FILE_VARIABLE) or DEFAULT_FILE
    try:
        return read_model(read_source(default), inputs.seed, inputs.most)
    except CannotRead as error:
        if os.path.exists(default):
            raise
        raise CannotRead(
            f"no equations were given, and there is no file {default} here",
            hints=['name a file, or write the equations after -e: -e "L = a*b"'],
        ) from error


def _numbers(model: Model, inputs: Inputs) -> dict[str, float]:
    if [*inputs.values, inputs.file].count(STDIN) > 1:
        raise BadOption("standard input can be read once only", hints=["use '-' once"])
    return read_numbers(model, inputs.values, inputs.settings)
