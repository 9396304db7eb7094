"""Names of columns that look as if they were none."""

import re
from collections.abc import Collection, Iterable
from functools import cache

_BLANKS = " \t"
"""What may stand around a number, as pyarrow has it: ends of lines are of quotes that nobody has closed."""


@cache
def _number(decimal: str) -> re.Pattern[str]:
    sign = re.escape(decimal)
    digits = rf"(?:[0-9]+(?:{sign}[0-9]*)?|{sign}[0-9]+)(?:e[+-]?[0-9]+)?"
    return re.compile(rf"[+-]?(?:{digits}|inf|infinity|nan)", re.IGNORECASE)


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell can be read as one: not as Python does, of which 1_000 is one. decimal: what stands
    before the digits of a fraction."""
    return _number(decimal).fullmatch(cell.strip(_BLANKS)) is not None


def header_hints(names: Collection[str]) -> list[str]:
    """What to do about names of columns that look like none."""
    if next(iter(names), "").lstrip()[:1] in ("{", "["):
        return ["if this is JSON: write it as CSV, TSV, Parquet or Arrow"]
    if all(map(is_number, names)):
        return [
            "if the first line has numbers and no names: --no-header calls the columns c1, c2, …"
        ]
    if len(names) == 1:
        (only,) = names
        for each in ":|;,\t ~":
            if each in only.strip():
                meant = "$'\\t'" if each == "\t" else f"'{each}'"
                return [f"if {each!r} stands between cells: --delimiter {meant}"]
    return []


def as_renamed(name: str, header: str) -> str:
    """The hint that gives a column a name. header: the column, "" for none that there is."""
    is_name = re.fullmatch(r"[^\W\d]\w*'*", name)
    if header and is_name:
        return f'write --column "{name} = {header}"'
    return 'give it as --column "x = Temp (C)"'


def rename_hints(columns: Iterable[str], words: Collection[str]) -> list[str]:
    """How columns are called by other names: those that equations write in other letters, else an example.
    words: what stands in the equations."""
    columns = [each for each in columns if each not in words]
    alike = {_plain(each): each for each in sorted(words) if each.isidentifier()}
    pairs = [
        f'--column "{alike[_plain(each)]} = {each}"' for each in columns if _plain(each) in alike
    ]
    if not pairs:  # `x (m)`, which begins with a name and has its unit behind it
        pairs = [
            f'--column "{begun[0]} = {each}"'
            for each in columns
            if (begun := _BEGUN.match(each)) and begun[0] in alike.values()
        ]
    if pairs:
        return [f"rename what is meant: {' '.join(pairs[:3])}"]
    return ['rename one: --column "x = Temp (C)"']


def _plain(name: str) -> str:
    """A name without what differs by habit alone."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


_BEGUN = re.compile(r"[^\W\d]\w*(?=[^\w'])")
"""The name that a header begins with, and goes on behind: `x (m)`."""
