"""The text of a Model with other defaults for its inputs, and everything else as it was."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from types import MappingProxyType

from backprop.language.declarations import CONCISE, Bounds, written_bounds
from backprop.language.model import Model
from backprop.names import family
from backprop.numbers import exact
from backprop.source import LINE_END, Span

_CONST = re.compile(r"const\s+[^\W\d]")
_COMMENT = re.compile(r"#[^\r\n]*")


def with_defaults(
    model: Model,
    numbers: Mapping[str, float],
    bounds: Mapping[str, Bounds] = MappingProxyType({}),
    drawn: bool = True,
) -> str:
    """The equation text in which the inputs `numbers` have these defaults, to the last bit, and
    these `bounds` in place of those that the text has for them.

    Comments, layout and line ends stay. An input without a statement gets one, at the end. A
    default that already has the number keeps its spelling: `2*pi` stays `2*pi`. A statement for
    many inputs, such as `w[i] ~ normal(0, 1) for i in 1..9`, gives way to one for each if one moved.
    What a statement says besides, `const` and bounds, stays. An uncertainty in per cent of a number
    that moved is written as the number that it was. drawn: whether what is drawn is written out.
    """
    limits = {**model.bounds, **bounds}
    numbers = {**model.given, **numbers}
    text = model.source.text
    found = LINE_END.search(text)
    line_end = found.group() if found else "\n"
    changes: dict[tuple[int, int], str] = {}
    added: list[str] = []
    statements = _statements_of_many(model)
    for whole, members in [*statements.items()]:
        inside = _COMMENT.search(Span.at(model.source, whole).text)  # it moves behind the clauses
        if len(members) == 1 and not model.draws(whole) and not inside:
            del statements[whole]
    together = {name for members in statements.values() for name in members}
    together &= model.defaults.keys()
    for name, number in numbers.items():
        if name not in model.defaults:
            added.append(f"{name} = {exact(number)}")
        elif name not in together and _other(model, name, number):
            span = model.equation(name)
            assert span is not None
            if name in model.worked:  # what stands behind it is its value no more
                span = span._replace(end=model.worked[name][-1].place.end)
            written, said = exact(number), span
            if name in model.written:
                said = Span.at(model.source, model.written[name])
            # comments move behind bounds, which are not read on a line of their own
            if "%" in _COMMENT.sub("", said.text) or _COMMENT.search(span.text):
                span, written = said, written + _limits(model, name, limits)
            elif re.fullmatch(CONCISE, span.text):  # its brackets count digits that are no more
                written += f" ± {exact(model.uncertainties[name])}"
            # A comment inside a right side that goes over several lines stays, behind the number.
            changes[span.start, span.end] = written + _comments(span, line_end)
    for name in bounds:
        if name in model.written and name not in together:
            span = Span.at(model.source, model.written[name])
            number = numbers.get(name, model.default(name))
            changes = {place: text for place, text in changes.items() if place[0] != span.start}
            written = exact(number) + _limits(model, name, limits)
            changes[span.start, span.end] = written + _comments(span, line_end)
    for whole, members in statements.items():
        if not drawn and model.draws(whole):
            continue
        span = Span.at(model.source, whole)
        own = [name for name in members if name in model.defaults]
        # what is drawn is written out, because another seed would draw other numbers
        if model.draws(whole) or any(
            name in bounds or _other(model, name, numbers.get(name, model.default(name)))
            for name in own
        ):
            # One statement for many inputs gives way to one for each.
            lines = _each_by_itself(model, whole, members, numbers, limits)
            if (
                not _CONST.match(span.text)
                and len(own) > 1
                and (note := moved_note(members[0])) not in text
            ):
                lines.insert(0, note)
            changes[span.start, span.end] = line_end.join(lines) + _comments(span, line_end)
    pieces: list[str] = []
    at = 0
    for (start, end), replacement in sorted(changes.items()):
        pieces += [text[at:start], replacement]
        at = end
    written = "".join([*pieces, text[at:]])
    typed = added or model.source.option  # which has no end of a line as a file has
    if typed and written and not LINE_END.search(written[-1]):
        written += line_end
    return written + "".join(line + line_end for line in added)


def members_apart(model: Model, numbers: Mapping[str, float]) -> dict[int, list[str]]:
    """Where members have numbers, `x[2] = 3`, that their statement for many does not say: a statement for
    each of its members, by where the one for many begins."""
    return {
        Span.at(model.source, whole).start: _each_by_itself(
            model, whole, members, {**model.given, **numbers}, model.bounds
        )
        for whole, members in _statements_of_many(model).items()
        if not numbers.keys().isdisjoint(members)
    }


def _statements_of_many(model: Model) -> dict[int, list[str]]:
    """The members of each statement for many, of which one at least is an input."""
    found: dict[int, list[str]] = {}
    for name, whole in model.repeated.items():
        found.setdefault(whole, []).append(name)
    return {
        whole: members
        for whole, members in found.items()
        if not model.defaults.keys().isdisjoint(members)
    }


def _each_by_itself(
    model: Model,
    whole: int,
    members: Sequence[str],
    numbers: Mapping[str, float],
    limits: Mapping[str, Bounds],
) -> list[str]:
    """A statement for each member: of an equation that is a number for some of them only, the others keep
    their formulas."""
    const = "const " if _CONST.match(Span.at(model.source, whole).text) else ""
    return [
        f"{const}{name} = {exact(numbers.get(name, model.default(name)))}{_limits(model, name, limits)}"
        if name in model.defaults
        else f"{name} = {model.instance_of(name)}"
        for name in members
    ]


def _other(model: Model, name: str, number: float) -> bool:
    """Whether a number is another one than the text has for an input."""
    return name in model.given or exact(model.default(name)) != exact(number)


def moved_note(member: str) -> str:
    """The comment above the members of a family that were saved one by one: they are no data."""
    return f"# {family(member)}[*]: parameters of a descent"


def _limits(model: Model, name: str, bounds: Mapping[str, Bounds]) -> str:
    """The uncertainty and the bounds of an input as they stand behind its number."""
    written = ""
    if name in model.uncertainties:
        written += f" ± {exact(model.uncertainties[name])}"
    if any(map(isfinite, bounds.get(name, ()))):
        written += f" in {written_bounds(*bounds[name], exact)}"
    return written


def _comments(span: Span, line_end: str) -> str:
    return "".join(f"  {each}{line_end}" for each in _COMMENT.findall(span.text))
