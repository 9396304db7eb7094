"""An expression in the place of FILE: `backprop diff "1/x"`. A file that there is always wins."""

import os
import re
from collections.abc import Callable, Collection, Sequence

from backprop.errors import BackpropError, CannotRead
from backprop.inputs import Inputs
from backprop.operations import FUNCTIONS
from backprop.options import fields
from backprop.source import Source
from backprop.syntax.parser import read

_NAMES = re.compile(r"[^\W\d]\w*")
_EQUATION = re.compile(r"(?<![<>=!])=(?!=)|~|^\s*(?:minimize|maximize|output|const)\s+\w")

_ENDING = re.compile(r"[^(^*+√∛|]*\.[^\W\d_]\w*")
"""A text with the ending of a file, and no sign that only expressions have."""

_SIGNS = re.compile(r"[(^*+\s√∛|⁰-⁹²³¹÷×·]|^-|^\d*\.?\d+[^\W\d]|\\[a-z]+\{")
"""What no name of a file has that a person gives, and many an expression that is written wrong: `2x`,
`\\frac{x}{y}`."""

_OPERATION = re.compile(r"-(?!-)(?:[^-\w]|\d|(?P<name>[^\W\d]\w*)(?P<sign>[^\w=-]))")
"""How a word on a command line begins that is an expression with a minus in front, if no option is."""


def named(text: str) -> str:
    """An expression as an equation, `f = x^2`; what is one already stays."""
    if _EQUATION.search(text):
        return text
    used = {*_NAMES.findall(text)}
    names = ("f", "g", "h", "y", *(f"f{'_' * many}" for many in range(1, len(used) + 2)))
    return f"{next(each for each in names if each not in used)} = {text}"


def with_expression(inputs: Inputs) -> tuple[Inputs, bool]:
    """The inputs with an expression as an equation after -e, where one stands for the equations; and
    whether it does. Raises CannotRead for a name of no file."""
    if inputs.file is None and len(inputs.expressions) == 1:
        text = inputs.expressions[0]  # -e "1/x" is one, too
        return inputs._replace(expressions=(named(text),)), named(text) != text
    if inputs.file is None or inputs.expressions or not is_expression(inputs.file):
        return inputs, False
    return inputs._replace(file=None, expressions=(named(inputs.file),)), True


def is_expression(file: str) -> bool:
    """Whether what stands in the place of a file is an expression, though it may be a wrong one: what
    reads as a formula, and is in no folder that there is."""
    if file == "-" or os.path.exists(file) or _ENDING.fullmatch(file):
        return False
    if _SIGNS.search(file):
        return True
    if _NAMES.fullmatch(file):
        hints = [f"check the path; an expression that is a name alone goes after -e: -e {file}"]
        raise CannotRead(f"there is no file {file}", hints=hints)
    if os.path.isdir(os.path.dirname(file)):
        return False
    try:
        return not read(Source("<-e>", named(file)))[1]
    except BackpropError:
        return False


def behind_dashes(words: Sequence[str], command: Callable[..., None]) -> list[str]:
    """A command line with an expression that begins with a minus, `-(x - y)*z`, at its end behind `--`,
    where it is no option. words: the command first."""
    own = fields(command)
    flags = {each: field for field in own for each in field.option.flags}
    at = 1
    while at < len(words):
        word = words[at]
        if word == "--":
            break
        if _is_signed(word, flags):
            return [*words[:at], *words[at + 1 :], "--", word]
        field = flags.get(word.partition("=")[0])
        at += 1 + (field is not None and field.kind is not bool and "=" not in word)
    return [*words]


def _is_signed(word: str, flags: Collection[str]) -> bool:
    """Whether a word that begins with a minus is an expression: `-exp(x)` is none of -e."""
    found = _OPERATION.match(word)
    if found is None:
        return False
    if word[:2] not in flags:
        return True
    if found["sign"] == "(":
        return found["name"] in FUNCTIONS
    # behind -e or -h stands no text that begins with a sign for two
    return len(found["name"]) == 1 and found["sign"] in "*/^" and word[:2] != "-o"
