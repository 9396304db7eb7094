"""How much work a pattern is: the steps of a matcher that goes back where Python's does, which does
not say how many it takes."""

import re
from collections.abc import Iterator
from re import _constants as code
from re import _parser as parser
from typing import Any

Items = Any
"""A pattern or a part of it, as Python's own parser gives it."""


class Matcher:
    """Matches a pattern with a text. steps: how many parts of it were tried at places of the text."""

    def __init__(self, pattern: re.Pattern[str] | str, text: str) -> None:
        pattern = re.compile(pattern)
        self.items = parser.parse(pattern.pattern, pattern.flags)
        self.flags, self.text, self.steps = pattern.flags, text, 0
        self.groups: dict[int, tuple[int, int]] = {}

    def full(self) -> bool:
        """Whether the pattern is the whole text."""
        return any(end == len(self.text) for end in self.ends(self.items, 0, 0))

    def found(self) -> int:
        """How often the pattern is in the text, one behind the other."""
        at = count = 0
        while at <= len(self.text):
            self.groups = {}
            end = next(self.ends(self.items, 0, at), -1)
            count += end >= 0
            at = max(end, at + 1)
        return count

    def ends(self, items: Items, first: int, at: int) -> Iterator[int]:
        """Where the items from one on may end that begin at a place, the preferred ends first."""
        if first == len(items):
            yield at
            return
        for end in self._item(*items[first], at):
            yield from self.ends(items, first + 1, end)

    def _item(self, kind: Any, item: Any, at: int) -> Iterator[int]:
        self.steps += 1
        if kind in _SINGLE:
            if at < len(self.text) and self._fits(kind, item, self.text[at]):
                yield at + 1
        elif kind is code.AT:
            if self._stands(item, at):
                yield at
        elif kind is code.BRANCH:
            for each in item[1]:
                yield from self.ends(each, 0, at)
        elif kind is code.SUBPATTERN:
            for end in self.ends(item[-1], 0, at):
                self.groups[item[0]] = at, end
                yield end
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT):
            yield from self._repeated(*item, at, kind is code.MAX_REPEAT)
        elif kind is code.POSSESSIVE_REPEAT:
            yield from [*self._repeated(*item, at, True)][:1]
        elif kind in (code.ASSERT, code.ASSERT_NOT):
            begin = at if item[0] > 0 else at - item[1].getwidth()[0]
            holds = begin >= 0 and any(True for _ in self.ends(item[1], 0, begin))
            if holds == (kind is code.ASSERT):
                yield at
        elif kind is code.GROUPREF:
            start, end = self.groups[item]
            if self.text.startswith(self.text[start:end], at):
                yield at + end - start
        elif kind is code.GROUPREF_EXISTS:
            group, yes, no = item
            yield from self.ends(yes if group in self.groups else no or [], 0, at)
        else:
            raise AssertionError(f"{kind}: an instruction of patterns that is not known here")

    def _repeated(self, least: int, most: Any, item: Items, at: int, greedy: bool) -> Iterator[int]:
        if len(item) == 1 and item[0][0] in _SINGLE:  # without going deeper for each
            end = at
            while end < min(at + most, len(self.text)) and self._fits(*item[0], self.text[end]):
                self.steps += 1
                end += 1
                if not greedy and end - at > least:
                    yield end - 1
            if greedy:
                yield from range(end, at + least - 1, -1)
            elif end - at >= least:
                yield end
            return
        if not greedy and not least:
            yield at
        if most:
            rest = max(least - 1, 0), most if most is code.MAXREPEAT else most - 1
            for end in self.ends(item, 0, at):
                if end > at or least:
                    yield from self._repeated(*rest, item, end, greedy)
        if greedy and not least:
            yield at

    def _fits(self, kind: Any, item: Any, sign: str) -> bool:
        self.steps += 1
        if kind is code.ANY:
            return sign != "\n" or bool(self.flags & re.S)
        if kind is code.IN:
            return any(_is(*each, sign) for each in item if each[0] is not code.NEGATE) != (
                item[0][0] is code.NEGATE
            )
        return (ord(sign) == item) == (kind is code.LITERAL)

    def _stands(self, what: Any, at: int) -> bool:
        text, lines = self.text, bool(self.flags & re.M)
        before, after = text[max(at - 1, 0) : at], text[at : at + 1]
        if what in (code.AT_BEGINNING, code.AT_BEGINNING_STRING):
            return not before or (lines and before == "\n" and what is code.AT_BEGINNING)
        if what in (code.AT_END, code.AT_END_STRING):
            last = at == len(text) - 1 or lines
            return not after or (last and after == "\n" and what is code.AT_END)
        borders = [bool(re.match(r"\w", each)) for each in (before, after)]
        return (borders[0] != borders[1]) == (what is code.AT_BOUNDARY)


_SINGLE = frozenset({code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN})
_CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d", code.CATEGORY_NOT_DIGIT: r"\D", code.CATEGORY_SPACE: r"\s",
    code.CATEGORY_NOT_SPACE: r"\S", code.CATEGORY_WORD: r"\w", code.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _is(kind: Any, item: Any, sign: str) -> bool:
    if kind is code.CATEGORY:
        return bool(re.match(_CATEGORIES[item], sign))
    return item[0] <= ord(sign) <= item[1] if kind is code.RANGE else ord(sign) == item
