"""What each command does: files and options in, a report out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprop import picture as pictures
from backprop.engine import Gradient
from backprop.engine.gradient import evaluate, not_an_input
from backprop.errors import (
    LIMIT,
    BackpropError,
    BadOption,
    CannotRead,
    Label,
    NameDefinedTwice,
    NotANumber,
    TooLarge,
    UnexpectedText,
    raise_all,
)
from backprop.files import STDIN, read_source
from backprop.language import Model, read_model, read_settings
from backprop.language.suggest import unknown_name
from backprop.picture import Picture
from backprop.report import GradientReport, gradient_report
from backprop.source import Source, Span

DEFAULT_FILE = "eqs.txt"
FILE_VARIABLE = "BACKPROP_FILE"


@dataclass(frozen=True)
class Inputs:
    """Where the equations and the numbers come from; every command takes these.

    file: a path, `-` for standard input, None for the default. expressions: equation texts instead
    of a file. values: files of numbers. settings: texts such as `a=2, b=-3`; these win over files,
    files over the equations' own defaults, later ones over earlier ones.
    """

    file: str | None = None
    expressions: Sequence[str] = field(default=())
    values: Sequence[str] = field(default=())
    settings: Sequence[str] = field(default=())


def grad(inputs: Inputs, of: Sequence[str] = (), wrt: Sequence[str] = ()) -> GradientReport:
    """The value and the gradient of each output in `of` (of the only one, if none is named)."""
    model = load(inputs)
    numbers = read_numbers(model, inputs)
    for name in wrt:
        if name not in model.values:
            raise unknown_name(name, model.values, "these equations")
    outputs: Sequence[str | None] = list(dict.fromkeys(of)) or [None]
    results = [model.grad(numbers, output) for output in outputs]
    return gradient_report(model, results, wrt)


def draw(
    inputs: Inputs,
    of: str | None = None,
    detail: str | None = None,
    focus: Sequence[str] = (),
    depth: int = 1,
    whole: bool = False,
) -> tuple[Picture, Gradient]:
    """The picture of one output with its gradient, and the gradient itself (for its warnings).

    detail: operations or equations, None for what the size suggests. focus: names, of which `depth`
    equations around are drawn. whole: draw even what is large. Raises TooLarge, which says what
    else to ask for.
    """
    model = load(inputs)
    gradient = model.grad(read_numbers(model, inputs), of)
    output = model.values[gradient.output]
    for name in focus:
        if name not in gradient.gradients:
            raise unknown_name(name, gradient.gradients, f"what leads to {gradient.output}")

    def drawn(detail: str) -> Picture:
        found = pictures.picture(output, model.text, detail)
        return pictures.focus(found, focus, depth) if focus else found

    found = drawn(detail or "operations")
    size = found.size
    if detail is None and size > pictures.DETAILED:
        found = drawn("equations")
    if found.size > pictures.MOST and not whole:
        hints = [f"draw a part: --focus {gradient.output} --depth 2", "draw everything: --all"]
        if detail == "operations":
            hints.insert(0, "draw one box an equation: --detail equations")
        raise TooLarge(
            f"{found.size:,} boxes and circles are more than a page can show",
            hints=hints,
            where=model.source.name,
        )
    return found, gradient


def load(inputs: Inputs) -> Model:
    """The Model of the equations that the options name."""
    if inputs.expressions:
        if inputs.file is not None:
            raise BadOption("equations both in a file and after -e", hints=["give one of the two"])
        return read_model(Source("<-e>", "\n".join(inputs.expressions)))
    if inputs.file is not None:
        return read_model(read_source(inputs.file))
    default = os.environ.get(FILE_VARIABLE) or DEFAULT_FILE
    try:
        return read_model(read_source(default))
    except CannotRead as error:
        if os.path.exists(default):
            raise
        raise CannotRead(
            f"no equations were given, and there is no file {default} here",
            hints=['name a file, or write the equations after -e: -e "L = a*b"'],
        ) from error


def read_numbers(model: Model, inputs: Inputs) -> dict[str, float]:
    """The numbers for inputs from files and settings, checked against the model."""
    numbers: dict[str, float] = {}
    errors: list[BackpropError] = []
    inputs_known = model.inputs
    if [*inputs.values, inputs.file].count(STDIN) > 1:
        raise BadOption("standard input can be read once only", hints=["use '-' once"])
    sources: list[tuple[Source, Callable[[Source], dict[str, _Given]]]] = []
    for path in inputs.values:
        source = read_source(path)
        is_json = source.text.lstrip()[:1] in ("{", "[")
        sources.append((source, _json_numbers if is_json else _written_numbers))
    sources += [(Source("<--set>", text), _written_numbers) for text in inputs.settings]
    for source, read in sources:
        for name, (number, span) in read(source).items():
            if name not in model.values:
                errors.append(
                    unknown_name(
                        name,
                        inputs_known,
                        "the inputs of these equations",
                        span,
                        len(errors) < LIMIT,
                    )
                )
            elif model.values[name].op:
                errors.append(not_an_input(model, name, span))
            numbers[name] = number
    raise_all(errors)
    return numbers


_Given = tuple[float, Span | None]


def _written_numbers(source: Source) -> dict[str, _Given]:
    return {
        name: (evaluate(setting.value, source), setting.name)
        for name, setting in read_settings(source).items()
    }


def _json_numbers(source: Source) -> dict[str, _Given]:
    """The numbers of a JSON object: `{"a": 2, "b": "inf"}`."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise NameDefinedTwice(f"{twice!r} stands twice in {source.name}", where=source.name)
        return found

    try:
        found = json.loads(
            source.text, object_pairs_hook=once, parse_int=_double, parse_float=_double
        )
    except json.JSONDecodeError as error:
        raise UnexpectedText(
            f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}",
            Span(source, error.pos, error.pos + 1),
            hints=['write an object of numbers: {"a": 2, "b": -3}'],
        ) from None
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise UnexpectedText(
            "this JSON is no object of numbers",
            Span(source, 0, 1),
            hints=['write: {"a": 2, "b": -3}'],
        )
    numbers: dict[str, _Given] = {}
    errors: list[BackpropError] = []
    for name, item in found.items():
        place = re.search(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:", source.text)
        span = Span(source, place.start(), place.end() - 1) if place else None
        if item in ("inf", "-inf"):
            item = float(item)
        if item is _TOO_LARGE:
            labels = [Label(span)] if span else []
            message = f"the value of {name!r} is too large for a double"
            errors.append(NotANumber(message, *labels, where=source.name))
            continue
        if isinstance(item, bool) or not isinstance(item, (int, float)) or item != item:
            labels = [Label(span)] if span else []
            errors.append(
                NotANumber(
                    f"the value of {name!r} is no number",
                    *labels,
                    where=source.name,
                    hints=['give a JSON number, or the string "inf" or "-inf"'],
                )
            )
            continue
        numbers[name] = float(item), span
    raise_all(errors)
    return numbers


_TOO_LARGE = object()


def _double(text: str) -> Any:
    """A JSON number as a double; a mark for one past the range, which Python would call inf."""
    number = float(text)
    return _TOO_LARGE if number in (float("inf"), float("-inf")) else number
