"""A family as an array: which member stands where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy

from backprop.language.sizes import GivenSizes
from backprop.loops.affine import Affine, Ints, Places, count_of, once, plain, seen, some_of, whole
from backprop.loops.domains import Reals, Wholes
from backprop.loops.many import NotLoops
from backprop.loops.owners import Owners, kind_of

_SPARSE = 4
"""Arrays of a family may have so many places for each member."""


_ALONE = 4
"""So many members are entered one by one, where few stretches are all there is."""

_SOME = 1 << 16
"""So many are counted at a time: numbers that are counted are made eight bytes each."""

_INDEX = re.compile(r"0|-?[1-9][0-9]{0,17}")
"""An index as names have it."""


class Family:
    """Members as places of an array: the last index runs fastest.

    name: of the family, or a name without indices. low, shape: the least index of each position, and
    how many there are. owner: the number of the statement that defines each member, UNDEFINED where
    none does, ABSENT where there is no member.
    """

    UNDEFINED, ABSENT = -1, -2

    def __init__(self, name: str, indices: Sequence[tuple[Ints, ...]]) -> None:
        self.name = name
        self.dimensions = len(indices[0])
        if any(len(each) != self.dimensions for each in indices):
            raise NotLoops("members of one family have different numbers of indices")
        ends = [_ends(each) for each in zip(*indices, strict=True)]
        self.low = [low for low, _ in ends]
        self.shape = [high - low + 1 for low, high in ends]
        self.size = 1
        for each in self.shape:
            self.size *= each
        members = sum(len(each[0]) for each in indices) if ends else 1
        if self.size > _SPARSE * members + 1000:
            raise NotLoops("members of a family are few and far apart")
        self.owner: Any = Owners(self.size, self.ABSENT)
        self._alike: int | None = None
        self._looked = False

    def own(self, places: Places, number: int | Wholes) -> None:
        """Enter the statement that defines the members at these places, or that of each."""
        self._looked = False
        if isinstance(places, slice) and places == slice(0, self.size) and isinstance(number, int):
            self.owner = Owners(self.size, number)
            return
        if isinstance(self.owner, Owners) and (found := self._stretches(places, number)):
            self.owner = found
            return
        most = number if isinstance(number, int) else int(number.max(initial=0))
        kind = numpy.promote_types(kind_of(most), self.owner.dtype)
        self.owner = numpy.asarray(self.owner)
        if not self.owner.flags.writeable or self.owner.dtype != kind:
            self.owner = self.owner.astype(kind)
        self.owner[once(places)] = number

    def _stretches(self, places: Places, number: int | Wholes) -> Owners | None:
        """The owners with those of more members, if they are few stretches."""
        if isinstance(places, slice) and isinstance(number, int):
            found: Owners | None = self.owner.entered(places.start, places.stop, number)
            return found
        if count_of(places) > _ALONE:
            return None
        found = self.owner
        at = (
            whole(places)
            if not isinstance(places, slice)
            else numpy.arange(places.start, places.stop)
        )
        for place, each in zip(
            at.tolist(), numpy.broadcast_to(number, len(at)).tolist(), strict=True
        ):
            found = found and found.entered(place, place + 1, each)
        return found

    @property
    def alike(self) -> int | None:
        """The number that all places have as their owner; None where there are several."""
        if not self._looked:
            self._looked = True
            if isinstance(self.owner, Owners):
                alike = self.size > 0 and len({*self.owner.numbers}) == 1
            else:
                alike = self.size > 0 and self.owner.min() == self.owner.max()
            self._alike = int(self.owner[0]) if alike else None
        return self._alike

    def places(self, indices: Sequence[Ints]) -> Wholes:
        """Where members stand, those of -1 nowhere."""
        found = self.where(indices)
        if isinstance(found, slice):
            return numpy.arange(found.start, found.stop)
        return numpy.asarray(found)

    def where(self, indices: Sequence[Ints]) -> Places:
        """The places of members, without an array where these stand evenly; -1 of those nowhere."""
        if not indices:
            return slice(0, 1)
        evenly = self._evenly(indices)
        if evenly is not None:
            return plain(evenly)
        found = numpy.zeros(len(indices[0]), dtype=numpy.int64)
        there = numpy.ones(len(indices[0]), dtype=bool)
        for index, low, count in zip(indices, self.low, self.shape, strict=True):
            at = numpy.asarray(index) - low
            there &= (at >= 0) & (at < count)
            found = found * count + at
        # a slice that begins at -1 would be none at all
        return plain(found) if there.all() else numpy.where(there, found, -1)

    def _evenly(self, indices: Sequence[Ints]) -> Affine | None:
        found: Affine | None = None
        for index, low, count in zip(indices, self.low, self.shape, strict=True):
            if not isinstance(index, Affine):
                return None
            ends = index.ends() or (low, low)
            if ends[0] < low or ends[1] >= low + count:
                return None
            at = index.shifted(-low)
            found = at if found is None else found.times(count).plus(at)
        return found

    def named(self, name: str) -> int:
        """Where the member of this name stands; -1 if there is none."""
        parts = name[len(self.name) + 1 :].removesuffix("]").split(",") if self.dimensions else []
        if len(parts) != self.dimensions or not all(map(_INDEX.fullmatch, parts)):
            return -1
        if name != (f"{self.name}[{','.join(parts)}]" if parts else self.name):
            return -1
        found = 0
        for index, low, count in zip(map(int, parts), self.low, self.shape, strict=True):
            if not low <= index < low + count:
                return -1
            found = found * count + index - low
        return found if self.owner[found] != self.ABSENT else -1

    def _one_after_another(self, names: Sequence[str]) -> Wholes | None:
        """Where members of these names stand, if they are one after another as they are named."""
        first, last = self.named(names[0]), self.named(names[-1])
        if first < 0 or last - first + 1 < len(names):
            return None
        places = first + numpy.flatnonzero(self.owner[first : last + 1] != self.ABSENT)
        return places if len(places) == len(names) and self.labels(places) == [*names] else None

    def as_whole(self, names: list[str], start: int) -> Wholes | None:
        """Where all members stand, if these are their names from number `start` on."""
        first = self.named(names[start])
        if first < 0 or (first and (self.owner[:first] != self.ABSENT).any()):
            return None
        there = self.owner != self.ABSENT
        stop = start + numpy.count_nonzero(there)
        if stop > len(names):
            return None
        places = numpy.flatnonzero(there)
        if names[stop - 1] != self.labels(places[-1:])[0]:
            return None
        return places if self.labels(places) == names[start:stop] else None

    def all_named(self, names: Sequence[str]) -> Wholes | None:
        """Where the members of these names stand; None if one is no such name, or another's."""
        if len(names) > 1 and (found := self._one_after_another(names)) is not None:
            return found
        start = len(self.name) + 1
        texts = ",".join([name[start:-1] for name in names]).split(",") if self.dimensions else []
        try:
            indices = numpy.array([*map(int, texts)], dtype=numpy.int64)
            columns = indices.reshape(len(names), self.dimensions).T
        except (ValueError, OverflowError):
            return None
        places = numpy.zeros(len(names), dtype=numpy.int64)
        for index, low, count in zip(columns, self.low, self.shape, strict=True):
            if not ((index >= low) & (index < low + count)).all():
                return None
            places = places * count + (index - low)
        if (self.owner[places] == self.ABSENT).any() or self.labels(places) != [*names]:
            return None
        return places

    def members(self, indices: Sequence[Ints]) -> Places:
        """Where members stand that there are. Raises NotLoops for others."""
        if len(indices) != self.dimensions:
            raise NotLoops("a family is read with another number of indices")
        if self.dimensions == 1 and self.ends_beyond(indices):  # which needs no array
            ends = _ends(indices)
            beyond = ends[0] if ends[0] < self.low[0] else ends[1]
            raise NotLoops(f"{self.name}[{beyond}] is read, and there is no such member")
        found = self.where(indices)
        if not self.has(found):
            places = self.places(indices)
            absent = (places < 0) | (self.owner[places] == self.ABSENT)
            first = named(self.name, indices, int(numpy.argmax(absent)))
            raise NotLoops(f"{first} is read, and there is no such member")
        return found

    def ends_beyond(self, indices: Sequence[Ints]) -> bool:
        """Whether it is plain that members are asked for that are beyond all there are."""
        for index, low, count in zip(indices, self.low, self.shape, strict=True):
            ends = index.ends() if isinstance(index, Affine) else None
            if ends and (ends[0] < low or ends[1] >= low + count):
                return True
        return False

    def has(self, places: Places) -> bool:
        """Whether there are members at all of these places."""
        if self.alike not in (None, self.ABSENT) and isinstance(places, Affine):
            return True  # which `where` makes of none that is beyond
        there = seen(places)
        if (there.start if isinstance(there, slice) else there.min(initial=0)) < 0:
            return False
        if isinstance(self.owner, Owners) and self.ABSENT not in self.owner.numbers:
            return True
        return bool((self.owner[there] != self.ABSENT).all())

    def owners(self, places: Places) -> set[int]:
        """The statements that define the members at these places."""
        if self.alike is not None:
            return {self.alike} if count_of(places) else set()
        if isinstance(self.owner, Owners) and isinstance(places, slice):
            return self.owner.among(places.start, places.stop)
        own = self.owner[seen(places)]
        if not len(own) or own.min() == own.max():
            return {*own[:1].tolist()}
        found: set[int] = set()
        for start in range(0, len(own), _SOME):
            some = own[start : start + _SOME].astype(numpy.int64) - self.ABSENT
            found.update((numpy.flatnonzero(numpy.bincount(some)) + self.ABSENT).tolist())
        return found

    def labels(self, places: Places) -> list[str]:
        """What the members at these places are called."""
        if not self.dimensions:
            return [self.name] * count_of(places)
        begins = [f"{self.name}[", *[""] * (self.dimensions - 1)]
        ends = [*[","] * (self.dimensions - 1), "]"]
        every, few = self._is_all(places), sum(self.shape) <= count_of(places)
        parts = [
            [f"{begin}{index}{end}" for index in range(low, low + count)]
            for begin, low, count, end in zip(begins, self.low, self.shape, ends, strict=True)
            if every or few
        ]
        if every:
            found, *more = parts
            for texts in more:
                found = [begun + text for begun in found for text in texts]
            return found
        if isinstance(places, slice):
            places = numpy.arange(places.start, places.stop)
        numbers = numpy.unravel_index(whole(places), self.shape)
        if few:
            pairs = zip(parts, numbers, strict=True)
            columns = [numpy.array(part, dtype=object)[at].tolist() for part, at in pairs]
            return [*map("".join, zip(*columns, strict=True))]
        columns = [(low + at).tolist() for low, at in zip(self.low, numbers, strict=True)]
        pattern = f"{self.name}[{','.join(['%d'] * self.dimensions)}]"
        return [pattern % at for at in zip(*columns, strict=True)]

    def label(self, places: Places, at: int) -> str:
        """What one of the members at these places is called."""
        return self.labels(some_of(places, at, at + 1))[0]

    def enter(self, sizes: GivenSizes, numbers: Reals) -> None:
        """Enter what is given from outside for its members into the numbers that the file has, of
        which those of none are nan."""
        if not sizes.concerns(self.name):
            return
        places = numpy.flatnonzero(~numpy.isnan(numbers))
        labels = self.labels(places)
        given = sizes.read(labels)
        for place, label in zip(places.tolist(), labels, strict=True):
            if label in given:
                numbers[place] = given[label]

    def _is_all(self, places: Places) -> bool:
        """Whether places are all that there are, in order."""
        if count_of(places) != self.size:
            return False
        return isinstance(places, slice) or bool((numpy.diff(whole(places)) == 1).all())


def is_named(family: str) -> bool:
    """Whether the text names a family."""
    return "∂" not in family and not family.isdigit()


def named(family: str, indices: Sequence[Ints], at: int) -> str:
    """What the member with these indices is called. at: which of them."""
    numbers = [int(numpy.asarray(each)[at]) for each in indices]
    return f"{family}[{','.join(map(str, numbers))}]"


def _ends(each: Sequence[Ints]) -> tuple[int, int]:
    """The least and the largest of several indices at one position; 0 and -1 of none."""
    found: list[tuple[int, int]] = []
    for index in each:
        if isinstance(index, Affine):
            found += [ends] if (ends := index.ends()) else []
        elif len(index):
            found.append((int(index.min()), int(index.max())))
    if not found:
        return 0, -1
    return min(low for low, _ in found), max(high for _, high in found)
