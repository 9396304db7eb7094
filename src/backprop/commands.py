"""What each command does: files and options in, a report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop import streamed_matrices
from backprop.errors import BadOption, TooLarge
from backprop.evaluation.gradient import Gradient, evaluate
from backprop.inputs import Asked, Inputs, say
from backprop.language import Model
from backprop.loops.worth import MANY, MANY_OFTEN
from backprop.names import family, meant
from backprop.report import declared

if TYPE_CHECKING:
    from backprop.derivation import Derivation
    from backprop.picture import Picture
    from backprop.report.check_report import CheckReport
    from backprop.report.hessian_part_report import PartReport
    from backprop.report.hessian_report import Hessian


def hessian(
    inputs: Inputs | Asked,
    wrt: Sequence[str],
    engine: str = "auto",
    whole: bool = False,
    large: bool = True,
) -> Hessian:
    """The second derivatives of one output. wrt: the inputs that they are by, if not all. whole: a
    table has all of them. large: whether they need to fit on no page. Raises TooLarge."""
    from backprop.evaluation.hessian_matrix import hessian_at, inputs_by  # with NumPy
    from backprop.report.hessian_report import Hessian, room

    model, numbers, output = streamed_matrices.asked(inputs)
    wrt = streamed_matrices.second_by(model, wrt)
    room(model, inputs_by(model, model.output(output), wrt), large or whole)
    if streamed_matrices.is_streamed(model):
        found = streamed_matrices.hessian(model, numbers, output, wrt, engine)
        return Hessian(found, declared(model), whole)
    return Hessian(hessian_at(model, numbers, output, wrt, engine), declared(model), whole)


def hessian_part(
    inputs: Inputs | Asked,
    part: str,
    direction: Sequence[str] | Mapping[str, float] = (),
    wrt: Sequence[str] = (),
    engine: str = "auto",
    whole: bool = False,
    large: bool = True,
) -> PartReport:
    """A part of the second derivatives: `times` a direction, their `diagonal`, or those that can be
    other than 0, `sparse`. direction: as a command line has it, or by name. The others as for `hessian`."""
    from backprop.evaluation import hessian_parts
    from backprop.evaluation.hessian_matrix import inputs_by
    from backprop.given import read_direction
    from backprop.report.hessian_part_report import PartReport

    model, numbers, output = streamed_matrices.asked(inputs)
    wrt = streamed_matrices.second_by(model, wrt)
    point, way = (model, numbers, output, wrt, engine), dict[str, float]()
    if part == "times":
        names = inputs_by(model, model.output(output), wrt)
        way = read_direction(model, direction, names, "--times")
    if streamed_matrices.is_streamed(model):
        asked = model, numbers, part, way, output, wrt, engine
        found = streamed_matrices.hessian_part(*asked)
    elif part == "times":
        found = hessian_parts.times(model, numbers, way, output, wrt, engine)
    elif part == "diagonal":
        found = hessian_parts.diagonal(*point, say if isinstance(inputs, Inputs) else None)
    else:
        found = hessian_parts.sparse(*point)
    return PartReport(found, declared(model), whole, large)


def draw(
    inputs: Inputs | Asked, detail: str | None, focus: Sequence[str], depth: int, whole: bool
) -> tuple[Picture, Gradient]:
    """The picture of one output with its gradient, and the gradient itself (for its warnings).

    detail: operations or equations, None for what the size suggests. focus: names, of which `depth`
    equations around are drawn, a family as one box if no single member is named. whole: draw even what
    is large. Raises TooLarge, which says what else to ask for.
    """
    from backprop import picture as pictures

    model, numbers, output = streamed_matrices.asked(inputs)
    looped = None
    if streamed_matrices.is_streamed(model):
        from backprop.streamed_pictures import streamed_picture  # for data only

        looped = streamed_picture(model, numbers, output, focus, depth, detail)
    elif model.loops and not whole:
        from backprop.derivation.looped_pictures import looped_picture

        looped = looped_picture(model, numbers, output, focus, depth, detail)
    unrolled = model, numbers, output, focus, depth, detail, whole
    found, gradient, near = looped or _unrolled_picture(*unrolled)
    if found.large and not whole:
        middle = near or [gradient.output]
        less = range(min(depth, 3) if focus else 3)
        fitting = [few for few in less if not pictures.focus(found, middle, few).large]
        hints = ["draw everything: --all"]
        if fitting:
            part = "draw less:" if focus else f"draw a part: --focus {gradient.output}"
            hints.insert(0, f"{part} --depth {fitting[-1]}")
        if detail == "operations":
            hints.insert(0, "draw one box an equation: --detail equations")
        size = f"{found.size:,} boxes and circles with {len(found.arrows):,} arrows"
        message = f"{size} are more than a page can show"
        raise TooLarge(message, hints=hints, where=model.source.name)
    return found, gradient


def _unrolled_picture(
    model: Model,
    numbers: Mapping[str, float],
    output: str | None,
    focus: Sequence[str],
    depth: int,
    detail: str | None,
    whole: bool,
) -> tuple[Picture, Gradient, Sequence[str]]:
    """The picture of a graph of single steps, the gradient, and the names that are meant."""
    from backprop import picture as pictures

    graph, at, gradient = evaluate(model, numbers, output, noted=True)
    near = meant(focus, gradient.gradients, f"what leads to {gradient.output}")
    constants = {model.names[name] for name in model.constants if name in model.names}
    folds = not whole and not any(family(each) and each in model.names for each in focus)

    def drawn(detail: str) -> Picture:
        what = graph, at, model.text
        if folds and detail == "equations":
            ranks = {name: at for at, name in enumerate(model.names)}
            found = pictures.of_families(*what, constants, ranks)
        else:
            found = pictures.picture(*what, detail, constants, near, depth)
        return pictures.focus(found, near, depth) if focus else found

    rows = model.laid is not None  # then a column is one box
    many = not focus and (rows or len(graph.order) > pictures.DETAILED)
    found = drawn(detail or ("equations" if many else "operations"))
    if detail is None and found.size > pictures.DETAILED and not many:
        found = drawn("equations")
    return found, gradient, near


def look_at_row(model: Model, row: int, output: str) -> None:
    """Raise BadOption for a row of data that there is not, where that is known without a pass over all."""
    if not streamed_matrices.is_streamed(model):
        from backprop.row_by_row import members_of  # for data only

        members_of(model, row, output)


def explain(
    inputs: Inputs | Asked,
    detail: str,
    ways: Sequence[str],
    only: Sequence[str],
    steps: str,
    whole: bool,
    row: int | None = None,
) -> tuple[Derivation, Gradient]:
    """The steps of the chain rule for one output, and the gradient itself (for its warnings).

    ways: names from which all paths to the output are wanted, instead of the steps. row: of data, from 1 on,
    of which all steps are wanted. The others are
    those of `backprop.derivation.derivation`.
    """
    from backprop.derivation import Derivation, derivation, paths
    from backprop.evaluation.unrounded import Unrounded

    model, numbers, output = streamed_matrices.asked(inputs)
    if streamed_matrices.is_streamed(model):
        if ways or detail != "equations":
            hints = ["leave --paths and --detail out", "or let it have more: --memory 8G"]
            message = "of a row of tables larger than memory whole equations are explained"
            raise BadOption(message, hints=hints)
        from backprop.streamed_explaining import explained  # for data only

        return _with_inputs(model, *explained(model, numbers, output, row, only, steps))
    if row is not None:
        from backprop.row_by_row import members_of  # for data only
        from backprop.streamed_explaining import of_row

        if not ways and detail == "equations":
            found_ = of_row(model, numbers, output, row, only, steps)
            if found_:
                return _with_inputs(model, *found_)
        only = [*only, *members_of(model, row, model.output(output))]
    elif model.laid and not (ways or only or whole):
        from backprop.derivation.too_much import too_many_rows

        too_many_rows(model.source.name, max((each.size for each in model.laid.tables), default=0))
    known = None
    if model.loops and not (whole and not ways):
        from backprop.derivation import excerpts

        if ways:
            known = excerpts.paths_of_members(model, numbers, output, ways)
        else:
            known = excerpts.of_members(
                model, numbers, output, only, steps, detail, row is not None
            )
    if known:
        return _with_inputs(model, *known)
    at = evaluate(model, numbers, output)
    gradient = at.gradient
    ways = meant(ways, gradient.gradients, f"what leads to {gradient.output}")
    if ways:
        start = gradient.output, gradient.value, gradient.data
        unrounded = Unrounded(at.graph, *at.numbers)
        totals = {name: unrounded.gradient(model.names[name]) for name in ways}
        found = Derivation(*start, paths=paths(model, at, ways), gradients=totals)
    else:
        found = derivation(model, at, detail, only, steps, whole, row=row is not None)
    return _with_inputs(model, found, gradient)


def _with_inputs(
    model: Model, found: Derivation, gradient: Gradient
) -> tuple[Derivation, Gradient]:
    """A derivation with the numbers of all inputs, and the gradient."""
    from backprop.derivation.steps import WhenAsked

    def known() -> Mapping[str, float]:
        named = (*model.inputs, *model.fixed)
        return {name: gradient.data[name] for name in named if name in gradient.data}

    return found._replace(inputs=WhenAsked(known), declared=declared(model)), gradient


def check(
    inputs: Inputs | Asked,
    claims: Sequence[str] = (),
    claim_files: Sequence[str] = (),
    precise: bool = False,
    tolerance: float | None = None,
    whole: bool = False,
    only: Sequence[str] = (),
) -> CheckReport:
    """The gradient of one output against differences; with claims, these, marked.

    claims: texts such as `da = 6, dL/db = f*a`. claim_files: files of such lines. precise:
    differences in mpmath's arithmetic. tolerance: how far a claim may be off, relative. whole: the
    table has every member of a family. only: the inputs to check, if not all.
    """
    from backprop.checks import check_gradient, mark, read_claims
    from backprop.report.check_report import check_report, sheet_report

    sheet = bool(claims or claim_files)
    if precise and sheet:
        hints = ["leave --precise out: claims are compared with the exact gradient"]
        raise BadOption("--precise is for a check without claims", hints=hints)
    if only and sheet:
        hints = ["leave it out: what is claimed says what is checked"]
        raise BadOption("--only is for a check without claims", hints=hints)
    if tolerance is not None and not (sheet and 0 <= tolerance < 1):
        hints = ["give it with --claim, between 0 and 1: --tolerance 0.001"]
        raise BadOption("--tolerance is how far a claim may be off, relative", hints=hints)
    many = MANY if sheet or precise else MANY_OFTEN
    model, numbers, output = streamed_matrices.asked(inputs, many)
    if not sheet and streamed_matrices.is_streamed(model) and not precise:
        from backprop.streamed_checks import check as check_streamed

        report = check_report(check_streamed(model, numbers, output, only), whole)
        return report._replace(declared=declared(model))
    if precise:
        streamed_matrices.refuse(
            model,
            "--precise computes every step of every row with 60 digits: about 1 ms a row",
            "leave --precise out: doubles take a few passes for all inputs",
            "or check some of the rows, in a file of their own",
        )
    if not sheet:
        report = check_report(check_gradient(model, numbers, output, precise, only), whole)
        return report._replace(declared=declared(model))
    output = model.output(output)
    found = read_claims(model, output, claims, claim_files)
    marked = numbers, output, tolerance or 0.0, model.seed
    if streamed_matrices.is_streamed(model):
        from backprop.streamed_marking import mark as mark_streamed

        sheet_found = mark_streamed(model, found, *marked)
    else:
        sheet_found = mark(model, found, *marked)
    report = sheet_report(sheet_found)
    return report._replace(declared=declared(model))
