"""What a person gives for a descent: bounds as text, the state of an earlier run as a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from math import inf

from backprop.descent.result import State
from backprop.errors import BackpropError, BadOption, NotANumber, UnexpectedText, raise_all
from backprop.files import read_source
from backprop.given import from_lines
from backprop.source import Source, normal
from backprop.syntax.scanner import LIST_ENDS, statements


def read_bounds(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The bounds of `a=0..1, b=..5, w*=-1..1`: for each name or pattern the least and the largest.

    An end that is left out is infinite. Raises SyntaxFaults, NotANumber for names in a bound, and
    BadOption for bounds the wrong way round.
    """
    found: dict[str, tuple[float, float]] = {}
    errors: list[BackpropError] = []
    for text in texts:
        for tokens in statements(Source("<--bounds>", text), LIST_ENDS):
            if isinstance(tokens, BackpropError):
                errors.append(tokens)
                continue
            whole = tokens.whole
            kinds = tokens.kinds
            middle = kinds.index("ASSIGN") if "ASSIGN" in kinds else 0
            if kinds.count("ASSIGN") != 1 or kinds[middle:].count("RANGE") != 1 or not middle:
                hints = ["write name=low..high, name=low.. or name=..high"]
                errors.append(UnexpectedText("this is no bound", whole, hints=hints))
                continue
            dots = kinds.index("RANGE", middle)
            sides = []
            for first, last, missing in ((middle + 1, dots, -inf), (dots + 1, len(kinds), inf)):
                if first >= last:
                    sides.append(missing)
                    continue
                side = Source("<--bounds>", f"x = {tokens.span(first, last - 1).text}")
                try:
                    sides.append(from_lines(side)["x"][0])
                except BackpropError as error:
                    no_number = "a bound must be a number or an expression of numbers"
                    message = no_number if isinstance(error, NotANumber) else error.message
                    errors.append(type(error)(message, tokens.span(first, last - 1)))
            if len(sides) < 2:
                continue
            name = normal(tokens.span(0, middle - 1).text)
            low, high = sides
            if low == inf or high == -inf:
                errors.append(BadOption(f"no number is within the bounds of {name}", whole))
            elif not low <= high:
                message = f"the bounds of {name} are the wrong way round"
                ends = tokens.span(middle + 1, -1).text.partition("..")
                hints = [f"write {name}={ends[2].strip()}..{ends[0].strip()}"]
                errors.append(BadOption(message, whole, hints=hints))
            before = found.get(name, (-inf, inf))
            found[name] = max(low, before[0]), min(high, before[1])
    raise_all(errors)
    return found


def read_state(path: str) -> State | None:
    """The state of a descent that a file holds; None where there is no file yet.

    Raises CannotRead and UnexpectedText.
    """
    if not os.path.exists(path):
        return None
    source = read_source(path)
    try:
        return State.from_json(json.loads(source.text))
    except (ValueError, RecursionError) as error:
        known = not isinstance(error, (json.JSONDecodeError, RecursionError))
        reason = str(error) if known else "this is no JSON"
        raise UnexpectedText(
            f"{path} does not hold the state of a descent: {reason}",
            hints=["name a file that --state wrote, or one that does not exist yet"],
            where=path,
        ) from None
