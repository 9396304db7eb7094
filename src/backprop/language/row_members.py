"""Names of single rows of data, `x[3]`, among those that are asked for, where equations see first rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from backprop.errors import UnknownName
from backprop.language.model import Model
from backprop.names import family, meant, unknown_name
from backprop.source import normal

_MEMBER = re.compile(r"([^\W\d][\w']*)\[((?:-?\d+,)*\d+)\]")


class RowMember(NamedTuple):
    """A name of one row. row: its number, from 1 on."""

    name: str
    row: int


class AskedNames(NamedTuple):
    """What is asked for, in order: names that all rows have in common, and of single rows; besides, of what
    has rows the names of the first one; and which of the former are single rows."""

    names: list[str]
    with_rows: list[str]
    members: list[RowMember]


def asked_names(model: Model, texts: Sequence[str]) -> AskedNames:
    """What names and patterns mean. model: of the first rows. Raises UnknownName."""
    assert model.laid
    families, found = model.laid.families, AskedNames([], [], [])
    for text in texts:
        member = _MEMBER.fullmatch(re.sub(r"\s+", "", normal(text)))
        if member and member[1] in families:
            found.names.append(member[0])
            found.members.append(RowMember(member[0], int(member[2].rpartition(",")[2])))
            continue
        try:
            names = meant([text], model.names, "these equations")
        except UnknownName as error:
            known = [name for name in model.names if family(name) not in families]
            raise unknown_name(text, [*known, *families], "these equations") from error
        for name in names:
            (found.with_rows if family(name) in families else found.names).append(name)
    names, with_rows = (list(dict.fromkeys(each)) for each in found[:2])
    return AskedNames(names, with_rows, list(dict.fromkeys(found.members)))
