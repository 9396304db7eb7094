"""Names of columns that look as if they were none."""

from collections.abc import Collection


def is_number(cell: str) -> bool:
    """Whether a cell can be read as one."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def header_hints(names: Collection[str]) -> list[str]:
    """What to do about names of columns that look like none."""
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
