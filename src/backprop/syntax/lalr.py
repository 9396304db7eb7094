"""LALR(1) tables as plain text, and the loop that reads a statement by them.

Lark makes the tables, whenever the grammar is changed (`tests/grammar_tables.py`). The loop is the
textbook's (Aho, Lam, Sethi and Ullman, *Compilers*, figure 4.36): shift a token, or reduce by a
rule, operands first, as the state on top of the stack says; with LALR(1) it has no choice.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Kinds = tuple[str, ...]
Action = Callable[[Any, list[Any]], Any]
"""What happens at a reduction: from who is called, and the values of the parts, a new value."""

END = "$END"


class Unfit(Exception):
    """The grammar has no place for the token at `index` (the number of tokens: for an end)."""

    def __init__(self, index: int, expected: frozenset[str]) -> None:
        super().__init__(index, expected)
        self.index = index
        self.expected = expected


class Tables:
    """The tables of a grammar, made of a text of these parts, one a line:

    how many rules and how many states; for each start symbol its name, first and last state; for
    each terminal its name and how it is spelled; the rules; the states; and a regular
    expression of all terminals, and one of what there is of them in ASCII.

    A rule: the symbol on its left, the action, and a letter for each symbol on its right: `k`, its
    value is kept; `i`, the parts in its place; `d`, it is dropped. Without parts: `-`. The action
    `=` hands the only part on, `*` makes a list. A state: what may come, and the state after it,
    or, as -1, -2, …, the rule to reduce by.
    """

    def __init__(self, text: str, actions: object) -> None:
        """actions: has a function of the name of each action."""
        counts, starts, spelled, rest = text.split("\n", 3)
        rules, states = map(int, counts.split())
        lines = rest.split("\n", rules + states)
        words = starts.split()
        self.starts = {
            name: (int(first), int(last))
            for name, first, last in zip(words[::3], words[1::3], words[2::3], strict=True)
        }
        words = spelled.split()
        self.symbols: Mapping[str, str] = dict(zip(words[::2], words[1::2], strict=True))
        self.pattern, self.plain_pattern = lines.pop().split("\n")
        self._rules = [_rule(line, actions) for line in lines[:rules]]
        # most statements meet a few states only, so that each is read when it is first met
        self._lines = lines[rules:]
        self._states: list[dict[str, int] | None] = [None] * states

    def parse(self, kinds: Kinds, start: str, caller: object) -> Any:
        """The value of a statement: what the action of its last rule makes of its parts.

        kinds: of its tokens, of which the numbers are the values. caller: what actions are called
        with. Raises Unfit.
        """
        first, last = self.starts[start]
        states = [first]
        values: list[Any] = []
        known, rules = self._states, self._rules
        for at, kind in enumerate((*kinds, END)):
            while True:
                state = states[-1]
                row = known[state] or self._row(state)
                action = row.get(kind)
                if action is None:
                    raise Unfit(at, frozenset(name for name in row if name.isupper()))
                if action >= 0:
                    states.append(action)
                    values.append(at)
                    break
                left, size, make, how = rules[-1 - action]
                if how == "=":
                    states.pop()  # the value stays as it is
                else:
                    parts = values[len(values) - size :]
                    if size:
                        del values[-size:], states[-size:]
                    if how:
                        parts = _chosen(parts, how)
                    values.append(parts if make is None else make(caller, parts))
                state = (known[states[-1]] or self._row(states[-1]))[left]
                states.append(state)
                if state == last and kind == END:
                    return values.pop()
        raise AssertionError("a statement ends with its last reduction, or does not fit")

    def _row(self, state: int) -> dict[str, int]:
        words = self._lines[state].split()
        row = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        self._states[state] = row
        return row


def _rule(line: str, actions: object) -> tuple[str, int, Action | None, str]:
    """A rule: its left side, the number of its parts, the action, and how parts are chosen."""
    left, action, parts = line.split()
    if action == "=":
        return left, 1, None, "="
    how = parts if parts.strip("k-") else ""  # "": all of them as they are
    size = 0 if parts == "-" else len(parts)
    return left, size, None if action == "*" else getattr(actions, action), how


def _chosen(parts: Sequence[Any], how: str) -> list[Any]:
    # a list that begins with a list goes on in it: a copy for each member takes time
    found: list[Any] = parts[0] if how[0] == "i" else []
    for part, letter in zip(parts, how, strict=True):
        if letter != "d" and part is not found:
            found += part if letter == "i" else [part]
    return found
