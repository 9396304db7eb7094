"""What a wrong value could have come from: one operand with another sign, one operation for another."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from backprop.checks import mistake_table as table
from backprop.errors import BackpropError
from backprop.numbers import spoken
from backprop.operations import CONSTANTS
from backprop.quizzes.questions import Question, reckoned
from backprop.syntax.parser import formula

_INSTEAD = {"*": "+/", "/": "*", "+": "-*", "-": "+", "^": "*"}
"""What a sign may have been taken for."""

_SIGNS = {"*": "·", "-": "−"}

_MOST = 40
"""Signs and operands of an equation that are looked at."""


class ValueMistake(NamedTuple):
    """A mistake, the number that it gives, and the words for its sentence."""

    row: table.MistakeRow
    value: float
    words: Mapping[str, str]


def value_mistake(
    question: Question, data: Mapping[str, float], is_claimed: Callable[[float], bool]
) -> tuple[str, str]:
    """The kind of the simplest mistake that gives what was answered, and its sentence. data: the values of
    all names. is_claimed: whether a number is what was answered."""
    found = [each for each in _mistakes(question, data) if is_claimed(each.value)]
    best = min(found, key=lambda each: each.row.rank, default=None)
    return (best.row.kind, best.row.said.format_map(best.words)) if best else ("", "")


def _mistakes(question: Question, data: Mapping[str, float]) -> Iterator[ValueMistake]:
    right = question.answer
    for row in table.TRIED[table.WHOLE]:
        if (value := row.gives({"right": right})) is not None:
            yield ValueMistake(row, value, {"asked": "value"})
    for name, number in question.given:
        for row in table.TRIED[table.VALUE]:
            yield ValueMistake(row, number, {"node": name})
    if not question.formula:  # it is too long
        return
    known = {**CONSTANTS, **data}
    for name, number in question.given[:_MOST]:
        words = {"operand": name, "other": spoken(-number), "number": spoken(number)}
        other = reckoned(question.formula, {**known, name: -number})
        yield ValueMistake(table.BY_NAME["operand sign"], other, words)
    tokens = formula(question.formula).tokens
    text, signs = (
        tokens.source.text,
        [at for at, sign in enumerate(tokens.texts) if sign in _INSTEAD],
    )
    for at in signs[:_MOST]:
        sign = tokens.texts[at]
        for instead in _INSTEAD[sign]:
            changed = f"{text[: tokens.starts[at]]}{instead}{text[tokens.ends[at] :]}"
            try:
                other = reckoned(changed, known)
            except BackpropError:  # a sign that stands alone before a number
                continue
            words = {"other": _SIGNS.get(instead, instead), "sign": _SIGNS.get(sign, sign)}
            yield ValueMistake(table.BY_NAME["operation"], other, words)
