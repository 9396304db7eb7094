"""The error for inputs without a number, and how to give them one."""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple
from unicodedata import normalize

from backprop.errors import LooksAlike, MissingInputs
from backprop.language import Model
from backprop.language.headers import rename_hints
from backprop.language.laid import data_of
from backprop.names import MOST_COMPARED, Names, family, indices, nearest, shape, spanned, together
from backprop.numbers import listed
from backprop.source import Span

_TOLD = 10
"""The most names, or families, that a sentence lists."""

_LETTERS = "ijkpqr"


class _Missing(NamedTuple):
    """An input without a number, or several of one family. first: the one that is needed first. shown:
    what all are called. set: what --set has; line: what an equation has."""

    first: str
    shown: str
    set: str
    line: str


def missing_inputs(
    model: Model,
    output: str,
    names: Sequence[str],
    place_of: Callable[[str], Span] | None = None,
) -> MissingInputs:
    """The error for inputs without a number: all of them, and how to give them. place_of: where they
    stand, if it is not to be looked up."""
    single = len(names) == 1
    it = "it" if single else "them"
    some = _gathered(names, Names(model.names))
    shown = ", ".join(each.shown for each in some[:_TOLD])
    if len(some) > _TOLD:
        shown += f", … ({len(names)} in all)"
    hints = [
        f'give {it}: --set "{listed([each.set for each in some], 4)}"',
        f"or write a line such as {some[0].line} in the equations",
    ]
    absent = {*names}
    others = (name for name in model.names if name not in absent)
    known = [*islice(others, MOST_COMPARED)]
    from backprop.language.hints import instead  # for a mistake only
    from backprop.meanings import ELSEWHERE

    labels = []
    for name in [each.first for each in some[:4]]:
        here = place_of(name) if place_of else model.span(model.names[name])[0]
        place, meant = instead(name, here)
        labels.append(place)
        hints[:0] = meant
    for each in some[:3]:
        name, near = each.first, _member(each.first, model)
        if each.shown != name:
            name = family(name)
            near = nearest(name, dict.fromkeys(map(family, known)))
        near = near or nearest(name, known)
        if near and (len(name) > 2 or near[-1] == "]"):
            hints.append(f"or is {name} meant to be {near}?")
    hints += [ELSEWHERE[name] for name in names if name in ELSEWHERE]
    hints += _columns(model, names)
    hints += [each.message for each in model.warnings[:3] if isinstance(each, LooksAlike)]
    have = f"the input {shown} has" if single else f"the inputs {shown} have"
    message = f"{have} no value, and {output} needs {it}"
    return MissingInputs(message, *labels, hints=hints, where=model.source.name)


def _columns(model: Model, names: Sequence[str]) -> list[str]:
    """What columns of data there are, one of which may be meant."""
    columns = [name for table in data_of(model.laid) for name in table.names]
    if not columns:
        return []
    called = [each for each in rename_hints(columns, names) if not each.startswith("rename one")]
    return [f"the columns are {listed(columns, 8)}", *called]


def _gathered(names: Sequence[str], known: Names) -> list[_Missing]:
    """Names in the order in which they are needed, but members of a family together, where more than two
    have no number. known: all names that there are."""
    families: dict[tuple[str, int], list[str]] = {}
    for name in names:
        families.setdefault(shape(name), []).append(name)
    found = list[_Missing]()
    for (own, _), members in families.items():
        if len(members) < 3:
            found += [_Missing(each, each, f"{each}=1", f"{each} = 1") for each in members]
            continue
        called = together(sorted(members, key=indices))
        whole = len(known.matching(own)) == len(members)
        line = f"{members[0]} = 1"
        if len(called.names) == 1:  # without a gap
            spans = spanned(members).split(",")
            letters = _LETTERS[: len(spans)]
            over = ", ".join(
                f"{letter} in {span if '..' in span else f'{span}..{span}'}"
                for letter, span in zip(letters, spans, strict=False)
            )
            line = f"{own}[{','.join(letters)}] = 1 for {over}"
        found.append(_Missing(members[0], called, f"{own if whole else members[0]}=1", line))
    return found


def _member(name: str, model: Model) -> str | None:
    """The member `x[1]` or `x[i]` of a family that is written `x1`, `x_1`, `x₁` or `x_i`; None for none."""
    found = re.fullmatch(r"(.*?)_?(?<![0-9])([0-9]+)", normalize("NFKC", name))
    member = f"{found[1]}[{int(found[2])}]" if found and len(found[2]) < 9 else ""
    if member in model.names:
        return member
    found = re.fullmatch(r"(\w+)_([^\W\d])", name)
    known = found and any(each.startswith(f"{found[1]}[") for each in model.names)
    return f"{found[1]}[{found[2]}]" if found and known else None
