"""Names that a person gives: for one, for many (`w*`, `w[*,1]`), or nearly the name that is meant."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from functools import cache, cached_property
from itertools import islice
from math import prod
from operator import itemgetter

from backprop.errors import BadOption, Label, UnknownName
from backprop.numbers import listed, shortened, whole_number
from backprop.source import Span, normal

MOST_COMPARED = 2000
"""Nearness costs a comparison a name: of larger files only the first names are compared."""


class Either(Container[str]):
    """Names of one or another of some collections."""

    def __init__(self, *some: Container[str]) -> None:
        self._some = some

    def __contains__(self, name: object) -> bool:
        return any(name in each for each in self._some)


class Names:
    """Names among which patterns are looked up. What an answer takes depends on how many names fit,
    not on how many there are: a file may have thousands of patterns."""

    def __init__(self, names: Iterable[str]) -> None:
        self._given = names

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._given)}

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        """By what stands before the bracket, in the order of the names."""
        found: dict[str, list[str]] = {}
        for name in self._places:
            found.setdefault(name.partition("[")[0], []).append(name)
        return found

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._places)

    @cached_property
    def _axes(self) -> dict[tuple[str, int], list[tuple[int, str]]]:
        """Of a family and an axis, counted from the front or the back, what `_axis` has found."""
        return {}

    def _axis(self, own: str, at: int) -> list[tuple[int, str]]:
        """The members of a family, sorted by one of their indices, each with that index."""
        if (own, at) not in self._axes:
            all_ = ((indices(name), name) for name in self._families.get(own, ()))
            fitting = ((each[at], name) for each, name in all_ if -len(each) <= at < len(each))
            self._axes[own, at] = sorted(fitting, key=lambda pair: pair[0])
        return self._axes[own, at]

    def _perhaps(self, pattern: str) -> Iterable[str]:
        """The names among which all are that fit a pattern, not many more."""
        own, bracket, rest = pattern.partition("[")
        start = re.split(r"[*?]|\.\.", own, maxsplit=1)[0]
        if start != own or not bracket:
            first = bisect_left(self._sorted, start)
            behind = bisect_left(self._sorted, start + chr(0x10FFFF), first)
            return sorted(self._sorted[first:behind], key=self._places.__getitem__)
        fewest: Sequence[tuple[int, str]] | None = None
        parts = rest.rstrip("]").split(",")
        # a star may stand for several indices, so that those behind it are counted from the back
        for step, offset in ((1, 0), (-1, -len(parts))):
            for at in range(len(parts))[::step]:
                if not (found := _RANGE.fullmatch(parts[at])):
                    break
                axis = self._axis(own, at + offset)
                low, high = found[1], found[1] if found[2] is None else found[2]
                first = bisect_left(axis, whole_number(low), key=_INDEX) if low else 0
                behind = bisect_right(axis, whole_number(high), key=_INDEX) if high else len(axis)
                if fewest is None or behind - first < len(fewest):
                    fewest = axis[first:behind]
        if fewest is None:
            return self._families.get(own, ())
        return sorted((name for _, name in fewest), key=self._places.__getitem__)

    def matching(self, pattern: str) -> list[str]:
        """The names that are meant: the name itself, a family's members, or what fits a pattern."""
        pattern = re.sub(r"\s+", "", normal(pattern))
        members_of = getattr(self._given, "members_of", None)
        if members_of and not is_pattern(pattern):  # names of which each family is at hand
            return [pattern] if pattern in self._given else members_of(pattern)
        if not members_of and pattern in self._places:
            return [pattern]
        if not is_pattern(pattern):
            return [*self._families.get(pattern, ())]
        if odd_range(pattern):
            return []
        fitting = getattr(self._given, "fitting", None)
        if fitting and (known := fitting(pattern)) is not None:
            return [*known]
        pieces = _glob(pattern)
        return [name for name in self._perhaps(pattern) if _fits(name, pieces)]

    def meant(self, pattern: str) -> tuple[list[str], str | None]:
        """The names that are meant, and what is said and not there: the pattern, if no name fits;
        `x[9]`, an end of `x[2..9]`; None for nothing."""
        found = self.matching(pattern)
        written = re.sub(r"\s+", "", normal(pattern))
        if not found or not is_pattern(written) or found == [written]:
            return found, None if found else pattern
        for part in re.finditer(_ENDS, written):
            for end in filter(None, part.groups()):
                one = f"{written[: part.start()]}{whole_number(end)}{written[part.end() :]}"
                if not self.matching(one):
                    return found, one
        return found, None


_END = r"((?:-?(?<![0-9])[0-9]+)?)"
_ENDS = rf"{_END}\.\.{_END}"
_RANGE = re.compile(rf"{_END}(?:\.\.{_END})?")
"""What a pattern has for an index: a number, or a range whose ends may be missing."""

_INDEX = itemgetter(0)


_WHOLE = re.compile(r"0|-?[1-9][0-9]*")


def ends_of(part: str) -> tuple[int | None, int | None] | None:
    """The ends of what a pattern has for one index, None for one that is missing: of a star, a range, a
    number. None for what is to be compared as a text."""
    if part == "*":
        return None, None
    if not (found := _RANGE.fullmatch(part)) or (found[2] is None and not _WHOLE.fullmatch(part)):
        return None
    low, high = found[1], found[1] if found[2] is None else found[2]
    return whole_number(low) if low else None, whole_number(high) if high else None


def is_pattern(text: str) -> bool:
    """Whether a text may stand for names that it is not the beginning of: `w[1,*]`, `b?`, `x[2..4]`."""
    return any(sign in text for sign in ("*", "?", ".."))


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Those of the names that a single pattern means."""
    return Names(names).matching(pattern)


def by_name(name: str) -> list[tuple[int, str]]:
    """A key that sorts names as people look for them: w2 before w10."""
    parts = re.split(r"(\d+)", name)
    return [(whole_number(part), "") if part.isdecimal() else (-1, part) for part in parts]


def family(name: str) -> str:
    """The family of a member, "" for a name without indices."""
    return name[: name.index("[")] if name.endswith("]") and "[" in name[1:] else ""


def shape(name: str) -> tuple[str, int]:
    """What the members of a family have in common that have as many indices: `h[1,2]` is ("h", 2)."""
    own = family(name)
    return (own, 1 + name.count(",")) if own else (name, 0)


def in_member(name: str, scope: Mapping[str, object]) -> str:
    """How a sentence on a member begins, `in y[2] (i = 2): `; "" where there are no indices."""
    shown = ", ".join(f"{variable} = {number}" for variable, number in scope.items())
    return f"in {name} ({shown}): " if scope else ""


def indices(name: str) -> tuple[int, ...]:
    """The indices of a member: (1, 2) of `w[1,2]`."""
    own = family(name)
    return tuple(map(int, name[len(own) + 1 : -1].split(","))) if own else ()


class Together(str):
    """A text that stands for several names: `h[1,1] … h[9,9]`, `w[1..2]`. names: those in it."""

    names: tuple[str, ...]

    def __new__(cls, *names: str) -> "Together":
        found = super().__new__(cls, " … ".join(names))
        found.names = names
        return found


def together(names: Sequence[str]) -> Together:
    """What several members of a family are called: `w[1..2,1..16]`, with the ends of each index.

    Where they do not fill that range, others of the family may, which would be called the same:
    then it is the first and the last, `h[1,1] … h[9,9]`.
    """
    return together_from(names[0], names[-1], _ends(names), len(names))


def together_from(first: str, last: str, ends: Sequence[tuple[int, int]], count: int) -> Together:
    """As `together`, of so many members of which the first and the last are known, and the least and the
    largest index, axis by axis."""
    if prod(high - low + 1 for low, high in ends) > count:
        return Together(first, last)
    return Together(f"{family(first)}[{_spanned(ends)}]")


def gathered(names: Sequence[str]) -> list[str]:
    """Many names in few words, for a sentence: of a family `x[1..4,1..2]`, wherever its members stand."""
    families: dict[tuple[str, int], list[str]] = {}
    for name in names:
        families.setdefault(shape(name), []).append(name)
    found: list[str] = []
    for members in families.values():
        found += [together(members)] if len(members) > 2 else members
    return found


def spanned(names: Sequence[str]) -> str:
    """The least and the largest index of members, axis by axis: `1..2,1..16`."""
    return _spanned(_ends(names))


def _spanned(ends: Iterable[tuple[int, int]]) -> str:
    return ",".join(f"{low}..{high}" if low < high else f"{low}" for low, high in ends)


def _ends(names: Sequence[str]) -> list[tuple[int, int]]:
    """The least and the largest index of members of a family, axis by axis."""
    start, count = len(family(names[0])) + 1, len(indices(names[0]))
    if not count:
        return []
    numbers = [*map(int, ",".join([name[start:-1] for name in names]).split(","))]
    columns = [numbers[axis::count] for axis in range(count)]
    return [(min(column), max(column)) for column in columns]


def odd_range(pattern: str) -> bool:
    """Whether a pattern has `..` where there is no range of numbers: `w[*..3]`, `w[1..2..3]`."""
    own, _, inside = pattern.partition("[")
    parts = inside.removesuffix("]").split(",")
    return ".." in own or any(".." in each and not _RANGE.fullmatch(each) for each in parts)


Stretch = tuple[re.Pattern[str], list[list[str]]]
"""What stands between two stars of a pattern, with a group for each index of a range; and the ends
of these ranges."""


@cache
def _glob(pattern: str) -> list[Stretch]:
    """A pattern, in which `*` stands for any characters and `?` for one, cut at its stars."""
    found = list[Stretch]()
    stretches = pattern.split("*")
    for at, stretch in enumerate(stretches):
        parts = re.split(r"(\?|(?:-?(?<![0-9])[0-9]+)?\.\.(?:-?[0-9]+)?)", stretch)
        ranges = [each.split("..") for each in parts if ".." in each]
        written = "".join(
            "(-?[0-9]+)" if ".." in each else "." if each == "?" else re.escape(each)
            for each in parts
        )
        begin, end = r"\A" * (at == 0), r"\Z" * (at == len(stretches) - 1)
        found.append((re.compile(f"{begin}{written}{end}", re.S), ranges))
    return found


def _fits(name: str, pieces: Iterable[Stretch]) -> bool:
    """Whether a name has all pieces of a pattern, one behind the other. Each is taken where it comes
    first, which leaves the most for those behind it: so nothing is tried twice."""
    at = 0
    for piece, ranges in pieces:
        found = piece.search(name, at)
        while found and not _within(found.groups(), ranges):
            found = piece.search(name, found.start() + 1)
        if not found:
            return False
        at = found.end()
    return True


def _within(found: Iterable[str], ranges: Iterable[list[str]]) -> bool:
    """Whether indices lie in the ranges that a pattern has for them."""
    return all(
        whole_number(low or index) <= int(index) <= whole_number(high or index)
        for index, (low, high) in zip(found, ranges, strict=True)
    )


_LOOKS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌԚԜѴҺаеоѕіјрсухһԁԛԝӏѵГПФѡ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳ" + "ɡօ" + "ʼʻʽʾˈˊꞌ" + "ɑɛɣɩƩ"
    "ÐƉǝә" + "ヘロニカエハタト",
    "ABESIJKMHOPCTYXYGQWVhaeosijpcyxhdqwlvΓΠΦω" + "ABEZHIKMNOPTYXocj" + "go" + "'" * 7 + "αεγιΣ"
    "ĐĐəə" + "へ口二力工八夕卜",
) | {ord(pair): unicodedata.normalize("NFKD", pair) for pair in "ǄǅǆǇǈǉǊǋǌǱǲǳ"}  # fmt: skip
"""Letters of Cyrillic, Greek and other scripts, and the Latin or Greek ones that look the same; what
looks like an apostrophe, and single letters that look like two."""


MAY_LOOK_LIKE = f"[{''.join(map(chr, _LOOKS))}ベペΆ-Ϋό\u0400-\u052f\u1f00-\u1fff]"
"""Finds the letters that may look like another: no lower-case Greek ones but ο."""


def look(name: str) -> str:
    """A name as it looks: names with the Latin and with the Cyrillic `a` give one text."""
    if name.isascii():
        return name
    return unicodedata.normalize("NFD", name).translate(_LOOKS)


def _folded(name: str) -> str:
    """What stays of a name that is read in a hurry: `log₂`, `Log2` and `log2` give one text."""
    return look(unicodedata.normalize("NFKC", name).casefold())


def strange_letter(name: str, other: str) -> str:
    """What a name has that another one, which looks the same, has not: `CYRILLIC SMALL LETTER A`."""
    pairs = zip(name, other, strict=False)
    return next((unicodedata.name(own, own) for own, its in pairs if own != its), "")


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that `name` was probably meant to be, or None.

    One letter in three may be another, be missing, be too much, or have changed places with its
    neighbour: more may as well be a name of another meaning.
    """
    from rapidfuzz.distance import OSA  # for a mistake only
    from rapidfuzz.process import extract

    known = list(islice(names, MOST_COMPARED))
    same = [each for each in known if _folded(each) == _folded(name) and each != name]
    if same:
        return same[0]
    most = len(name.lstrip("-")) // 3
    near = [found[:2] for found in extract(name, known, scorer=OSA.distance, score_cutoff=most)]
    near.sort(key=lambda each: (each[1], sorted(each[0]) != sorted(name)))
    return near[0][0] if near else None


def did_you_mean(name: str, names: Iterable[str]) -> list[str]:
    """A hint, or none."""
    near = nearest(name, names)
    if near and look(near) == look(name):
        strange = strange_letter(name, near), strange_letter(near, name)
        return [f"did you mean {near!r}? it has {strange[1]} where this has {strange[0]}"]
    return [f"did you mean {near!r}?"] if near else []


def unknown_choice(kind: str, given: object, known: Iterable[str]) -> BadOption:
    """The error for a choice that there is not. kind: what one is called."""
    known = list(known)
    near: list[str] = []
    if isinstance(given, str):  # in Python it may be anything
        small = given.casefold()
        begun = [each for each in known if len(small) > 1 and each.startswith(small)]
        near = did_you_mean(given, known) or did_you_mean(small, known)
        if not near and len(begun) == 1:
            near = [f"did you mean {begun[0]!r}?"]
    hints = [*near, f"there are {', '.join(known)}"]
    return BadOption(f"there is no {kind} {given!r}", hints=hints)


def unknown_name(
    name: str, names: Iterable[str], owner: str, span: Span | None = None, near: bool = True
) -> UnknownName:
    """The error for a name that `owner` (these equations) does not have. near: whether to say which
    names there are, and which is meant; not of the hundredth mistake, which takes as long as they are
    many."""
    names = [*names] if near else []
    members = [each for each in names if shape(each) == shape(name)] if family(name) else []
    hints = [] if members else did_you_mean(name, names)
    if odd_range(name):
        hints = [
            "a range of members has a number, or nothing, at each end: w[1..3], w[..3], w[2..]"
        ]
    if near and not hints:
        known = sorted(gathered(members or names), key=lambda each: each.endswith("]"))
        hints = [f"the names are: {listed(known, 10)}"]
    labels = [Label(span)] if span else []
    return UnknownName(f"there is no {shortened(name, 80)!r} in {owner}", *labels, hints=hints)


def meant(patterns: Iterable[str], names: Collection[str], owner: str) -> list[str]:
    """Those of the names of `owner` that are meant by names, families and patterns. Raises UnknownName."""
    found, known = list[str](), Names(names)
    for pattern in patterns:
        fitting, missing = known.meant(pattern)
        if missing is not None:
            raise unknown_name(missing, names, owner)
        found += fitting
    return found
