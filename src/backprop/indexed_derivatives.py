"""Derivatives of equations with indices, as a report of equations with indices."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from backprop.algebra.formula import Symbol, TooLong
from backprop.algebra.indexed import GatherFormula, MemberFormula, loops_in
from backprop.derivation.indexed_rules import indexed_rules
from backprop.derivation.steps import SymbolicDerivation
from backprop.errors import BackpropError
from backprop.language import Model, members_apart
from backprop.language.sizes import GivenSizes, Size
from backprop.loops.worth import read_model
from backprop.numbers import exact
from backprop.report.derivative_report import DerivativeEquation, DerivativeReport
from backprop.source import Source
from backprop.symbolic.bands import outside_bands
from backprop.symbolic.by_names import DerivativeNames
from backprop.symbolic.index_points import points
from backprop.symbolic.loops_read import NotIndexed
from backprop.symbolic.of_families import IndexedDerived
from backprop.symbolic.of_texts import IndexedText
from backprop.symbolic.other_sizes import Derive, for_larger, for_smaller, only_for
from backprop.symbolic.plain_names import plainly_named
from backprop.symbolic.request import SHORT

_NAMES = re.compile(r"[^\W\d]\w*")
_OWN_NUMBER = re.compile(
    r"(?P<head>(?:const\s+)?(?P<name>[^\W\d]\w*'*(?:\[[-\d,\s]+\])?)\s*=\s*)(?:[^()=]|\([^()]*\))*?(?P<limits>\s*(?:±|\+/-|\bin\b).*)?"
)
"""A statement that gives a single name or member a number, and what stands behind that."""


_MOST_MEMBERS = 4
"""Members of families as outputs; more are written member by member, each by what leads there."""


class DiffRequest(NamedTuple):
    """What derivatives are asked for. of, wrt, order: of outputs by names, so often. shape: `nested`,
    `steps`, or what fits. textbook: with the slopes of textbooks. alone: nothing but the formulas."""

    of: Sequence[str] = ()
    wrt: Sequence[str] = ()
    order: int = 1
    shape: str | None = None
    textbook: bool = False
    alone: bool = False


def with_indices(
    model: Model, numbers: Mapping[str, float], outputs: Sequence[str], asked: DiffRequest
) -> DerivativeReport | None:
    """The derivatives of a text with indices as equations with indices; None where that cannot be."""
    if "[" not in model.source.text or is_partly_given(model, numbers):
        return None
    families = _whole_families(model, outputs, len(outputs) > _MOST_MEMBERS)
    if families != [*outputs]:
        found = _with_indices(model, numbers, families, asked)
        if found is not None:
            return found
    if len(outputs) > _MOST_MEMBERS and any("[" in each for each in outputs):
        return None
    return _with_indices(model, numbers, outputs, asked)


def is_partly_given(model: Model, numbers: Mapping[str, float]) -> bool:
    """Whether a member is given of a statement that computes others: formulas have its equation for it."""
    wholes = {model.repeated[each] for each in numbers if "[" in each and each in model.repeated}
    return bool(wholes) and any(
        whole in wholes and name not in model.defaults for name, whole in model.repeated.items()
    )


def _whole_families(model: Model, outputs: Sequence[str], many: bool) -> list[str]:
    """Outputs with the name of a family in the place of all its members, or of some if there are many."""
    wanted = {each.partition("[")[0] for each in outputs if "[" in each}
    own = {*outputs}
    missing = {
        family
        for name in (model.names if wanted and not many else ())
        if (family := name.partition("[")[0]) in wanted and name not in own
    }
    found = (each.partition("[")[0] for each in outputs)
    whole = (
        one if one in wanted - missing else each for one, each in zip(found, outputs, strict=True)
    )
    return [*dict.fromkeys(whole)]


def _with_indices(
    model: Model, numbers: Mapping[str, float], outputs: Sequence[str], asked: DiffRequest
) -> DerivativeReport | None:
    for shape in [asked.shape] if asked.shape else ["nested", "steps"]:
        for strict in (False, True):
            try:
                found = _in_shape(model, numbers, outputs, asked._replace(shape=shape), strict)
            except (NotIndexed, TooLong):
                break
            except _Unreadable:
                continue
            if found is not None and (asked.shape or shape == "steps" or found.short):
                return found.report
            break
    return None


class _Unreadable(Exception):
    """Equations that name members which are not there."""


class _Found(NamedTuple):
    """A report, and whether its formulas are short."""

    report: DerivativeReport
    short: bool


def _in_shape(
    model: Model,
    numbers: Mapping[str, float],
    outputs: Sequence[str],
    asked: DiffRequest,
    strict: bool,
) -> _Found | None:
    """The derivatives in one shape; None where nothing is asked for. strict: where sums without terms are
    parts by themselves. Raises NotIndexed, TooLong, _Unreadable."""
    closed = asked.shape == "nested"

    def derived(text: IndexedText, names: DerivativeNames) -> list[IndexedDerived]:
        for of in outputs:
            text.take_output(of)
        made = [
            each
            for of in outputs
            for each in text.derivatives(of, text.orders(of, asked.wrt, asked.order), names, closed)
        ]
        return plainly_named([*map(outside_bands, made)], words)

    words = frozenset(_NAMES.findall(model.source.text))
    text = IndexedText(model, None, asked.textbook, strict)
    names = DerivativeNames(text.reader.words)
    found = derived(text, names)
    short = not closed or _short(found, text)
    if not any(each.equation.asked and _has_members(each, text.numbers) for each in found):
        return None
    made = _report(model, numbers, outputs, text, found)
    if not short:
        return _Found(made, short)

    def derive(sizes: Mapping[str, float]) -> list[IndexedDerived]:
        other = IndexedText(model, sizes, asked.textbook, strict)
        return derived(other, DerivativeNames(other.reader.words))

    if asked.order > 1 or any(map(_may_name_others, found)):
        # a table of 300^3 members takes minutes to be read
        small = for_smaller(text.equations, text.numbers, found, derive)
        less = _report(model, {**numbers, **small}, outputs, text, found) if small else made
        if not _is_readable(less, model.seed):
            raise _Unreadable
    made = _for_sizes(made, model, text, found, derive)
    alone = asked.alone and closed
    given = [] if alone else made.given
    besides = _besides(found, names)
    made = made._replace(shape=asked.shape or "", alone=alone, given=given, besides=besides)
    return _Found(made, short)


def _has_members(found: IndexedDerived, numbers: Mapping[str, float]) -> bool:
    """Whether ranges have something in them, as far as is known."""
    known = {*numbers, *(each.name for each in found.clauses)}
    if any(not each.names <= known for each in found.clauses):
        return True
    return any(True for _ in points(found.clauses, numbers))


def _may_name_others(found: IndexedDerived) -> bool:
    """Whether an equation has a sum that can be without terms, and beside it a member further on, `x[i-1]`,
    which the file may have only where the sum has some."""
    names = {each.name for each in found.clauses}
    waiting, beside, empty = [found.equation.formula], False, False
    while waiting and not (beside and empty):
        part = waiting.pop()
        if isinstance(part, GatherFormula):
            around = [*part.clauses, *([] if part.condition is None else [part.condition])]
            empty = empty or any(not each.names.isdisjoint(names) for each in around)
        elif isinstance(part, MemberFormula):
            beside = beside or any(
                not isinstance(each, Symbol) and not each.names.isdisjoint(names)
                for each in part.indices
            )
        else:
            waiting += part.parts
    return beside and empty


def _besides(found: Sequence[IndexedDerived], names: DerivativeNames) -> list[DerivativeEquation]:
    """The derivatives that others are of or by and that have no equation, as `d2L_dw2` in how that moves."""
    own = {each.equation.name for each in found}
    ranks: dict[str, int] = {}
    for each in found:
        ranks |= zip((each.equation.of, *each.equation.wrt), each.ranks, strict=False)
    made = list[DerivativeEquation]()
    for name in [each for each in ranks if each not in own]:
        of, wrt = names.meaning(name)
        if wrt:
            of, *by = (
                f"{each}[{','.join('i' * ranks.get(each, 0))}]" if ranks.get(each) else each
                for each in (of, *wrt)
            )
            made.append(DerivativeEquation(name, "", of, tuple(by)))
    return made


def _for_sizes(
    made: DerivativeReport,
    model: Model,
    text: IndexedText,
    found: Sequence[IndexedDerived],
    derive: Derive,
) -> DerivativeReport:
    """A report that says for which sizes alone it is."""
    sizes = only_for(text.equations, text.numbers, found, derive)
    if not sizes:
        return made
    limit = f"for {_listed(sizes)} only"
    said = [f"{limit}: with other sizes ranges are divided otherwise"]
    larger = for_larger(text.numbers, sizes, derive)
    if larger and _can_be_read(model, {**text.numbers, **larger}):
        sets = ", ".join(f"{name}={size}" for name, size in larger.items())
        said.append(f'for larger ones take --set "{sets}"')
    return made._replace(given=[f"# {limit}", *made.given], said=said)


def _is_readable(found: DerivativeReport, seed: int) -> bool:
    """Whether equations have an order, and every member that they name: of derivatives that are derived
    again, sums without terms may be all that is in the way."""
    text = "\n".join([*found.given, *(each.line for each in found.equations)])
    try:
        read_model(Source("derivatives", text), seed)
    except BackpropError:
        return False
    return True


def _can_be_read(model: Model, sizes: Mapping[str, float]) -> bool:
    """Whether a text has every member that it names, with other sizes."""
    given = GivenSizes([(name, Size(float(size))) for name, size in sizes.items()])
    try:
        read_model(model.source, model.seed, sizes=given)
    except BackpropError:
        return False
    return True


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items())


def rules_with_indices(
    model: Model, numbers: Mapping[str, float], output: str, only: Sequence[str]
) -> SymbolicDerivation | None:
    """How derivatives of a text with indices come about, equation by equation; None where they have no
    indices."""
    if any("[" in each for each in (output, *only, *numbers)) or "[" not in model.source.text:
        return None
    try:
        text = IndexedText(model, textbook=True)
        orders = text.orders(output, only, 1)
        names = DerivativeNames(text.reader.words)
        found = text.derivatives(output, orders, names, closed=False)
        equations = text.on_the_way(output)
        steps = indexed_rules(equations, found, text.reader.fresh)
    except (NotIndexed, TooLong):
        return None
    (formula,) = (each.formula for each in equations if each.name == output)
    return SymbolicDerivation(output, "" if formula is None else formula.text(), tuple(steps))


def _short(found: Sequence[IndexedDerived], text: IndexedText) -> bool:
    """Whether closed formulas are short, and nobody waits longer for their numbers."""
    most = text.loops()
    return all(
        len(each.equation.formula.text()) <= SHORT
        and loops_in(each.clauses, each.equation.formula) <= most
        for each in found
    )


def _report(
    model: Model,
    numbers: Mapping[str, float],
    outputs: Sequence[str],
    text: IndexedText,
    found: Sequence[IndexedDerived],
) -> DerivativeReport:
    equations = [
        DerivativeEquation(each.left, each.equation.formula.text(), *each.members, each.behind)
        for each in found
    ]
    asked = [each.left for each in found if each.equation.asked]
    several = any(each.indices for each in found) or (
        len({each.equation.wrt for each in found if each.equation.asked}) > 1
    )
    given_members = {each: number for each, number in numbers.items() if "[" in each}
    lines = text.needed(found, members_apart(model, given_members) if given_members else {})
    words = {*_NAMES.findall(" ".join([*lines, *(each.line for each in equations)]))}
    given = with_numbers(lines, {**model.given, **numbers}, words)
    return DerivativeReport(
        outputs, given, equations, asked, "steps", several=several, warnings=model.warnings
    )


def with_numbers(
    lines: Sequence[str], numbers: Mapping[str, float], used: Container[str]
) -> list[str]:
    """Statements with the numbers that were given in the place of those of the file; of names that are
    used and have no statement of their own, a line each."""
    rest = dict(numbers)
    found = []
    for text in lines:
        parts = _OWN_NUMBER.fullmatch(text)
        number = rest.pop(parts["name"].replace(" ", ""), None) if parts else None
        if parts and number is not None:
            text = f"{parts['head']}{exact(number)}{parts['limits'] or ''}"
        found.append(text)
    return found + [
        f"{name} = {exact(number)}"
        for name, number in rest.items()
        if name in used or name.partition("[")[0] in used
    ]
