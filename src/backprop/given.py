"""The numbers that a person gives for inputs: `--set` texts, files of lines, files of JSON."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from math import isfinite
from typing import Any

from backprop.errors import (
    LIMIT,
    BackpropError,
    BadOption,
    CannotRead,
    NotAnInput,
    NotANumber,
    UnexpectedText,
    raise_all,
)
from backprop.evaluation.leaves import number_of, outside, refused
from backprop.files import is_table, read_source, typed
from backprop.json_numbers import Given, from_json, is_json, plain_numbers
from backprop.language import Model, Setting, read_settings
from backprop.language.declarations import FREE
from backprop.language.links import differing
from backprop.language.sizes import NO_SIZES, GivenSizes, Size
from backprop.names import Names
from backprop.numbers import as_double, exact, half_unit, listed
from backprop.source import Source, Span, normal
from backprop.syntax.parser import read

_MANY = 1000
"""Of so many numbers most are plain ones of inputs."""


def read_numbers(
    model: Model,
    files: Sequence[str | Source] = (),
    settings: Sequence[str] = (),
    bounds: Collection[str] = (),
) -> dict[str, float]:
    """The numbers for inputs of `model`; settings win over files, later ones over earlier ones. What its
    ranges, draws and bounds are made of it was read with, see `sizes_of`.

    bounds: names or patterns of the inputs for which those of the model do not hold. Raises
    UnknownName, NotAnInput, NotANumber, OutsideBounds, NameDefinedTwice, SyntaxFaults, CannotRead.
    """
    numbers: dict[str, float] = {}
    sizes: dict[str, float] = {}
    places: dict[str, Span] = {}
    errors: list[BackpropError] = []
    written = [typed(text, "--set") for text in settings]
    if json := next(filter(is_json, written), None):
        hints = ["write a=2, b=3", "or put it into a file, for --values FILE"]
        raise UnexpectedText(
            "JSON is for files of values", Span(json, 0, len(json.text)), hints=hints
        )
    sources = [_from_file(source, model) for source in opened_all(files)]
    sources += map(from_lines, written)
    inputs, known = Names(model.settable), _KnownSizes(model)
    plain = {*model.inputs} if sum(map(len, sources)) > _MANY else set[str]()
    for name, (number, span, text) in (item for given in sources for item in given.items()):
        if name in plain:  # of which nothing else is to be found out
            numbers[name] = _within(model, name, number, text)
            places[name] = span
            continue
        many, missing = known.meant(name) or (
            ([], name) if name in model.names else inputs.meant(name)
        )
        if not missing:
            numbers |= {each: _within(model, each, number, text) for each in many}
            places |= dict.fromkeys(many, span)
            sizes |= {each: number for each in many if each in known.fixed}
        elif error := refused(model, missing, span, near=len(errors) < LIMIT):
            errors.append(error)
        else:
            numbers[name] = _within(model, name, number, text)
            places[name] = span
    for name, number in sizes.items():
        if number != model.default(name):  # the text was read with another one
            errors += filter(None, [refused(model, name, places[name], near=False)])
    raise_all(errors or outside(model, numbers, bounds, places))
    return {name: number for name, number in numbers.items() if name not in sizes}


def read_direction(
    model: Model, given: Sequence[str] | Mapping[str, float], names: Collection[str], flag: str
) -> dict[str, float]:
    """The parts of a direction, by name: of texts `a=1, w[*]=0.5`, or as a program has them. names: of the
    inputs that it can have. flag: of the option. Raises UnknownName, NotAnInput, NotANumber, and
    BadOption for a direction without any."""
    parts: list[tuple[str, float, list[Span]]] = []
    if isinstance(given, Mapping):
        parts = [(normal(name), number, []) for name, number in given.items()]
    else:
        for lines in [from_lines(typed(text, flag)) for text in given]:
            parts += [(name, number, [span]) for name, (number, span, _) in lines.items()]
    found: dict[str, float] = {}
    errors: list[BackpropError] = []
    known = Names(names)
    for name, number, place in parts:
        many, missing = ([name], None) if name in names else known.meant(name)
        if missing is None:
            with suppress(TypeError, ValueError, OverflowError):
                number = as_double(number)
            if not (isinstance(number, float) and isfinite(number)):
                message = f"{name} = {number!r:.40} is no part of a direction"
                hints = ["give a finite number, such as 1 or -0.5"]
                errors.append(NotANumber(message, *place, hints=hints))
            found |= dict.fromkeys(many, number)
        elif not Names(model.inputs).matching(missing) and (  # a part of a family is no name
            error := refused(model, missing, place[0] if place else None, len(errors) < LIMIT)
        ):
            errors.append(error)
        else:
            message = f"{missing} is no input that the output is derived by here"
            errors.append(NotAnInput(message, *place, hints=[f'name it: --wrt "{missing}, …"']))
    raise_all(errors)
    if not any(found.values()):
        hints = [f'give its parts: {flag} "{listed([f"{name}=1" for name in names], 2)}"']
        wrong = "of which every part is 0" if found else "without any input"
        raise BadOption(f"{flag} is a direction {wrong}", hints=hints)
    return found


class _KnownSizes:
    """The inputs of a Model that ranges, draws and bounds are made of."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.fixed = model.fixed if model.loops else {*model.fixed}

    @cached_property
    def _names(self) -> Names:
        fixed = [name for name in self._model.fixed if not self._model.is_equation(name)]
        return Names([*self._model.inputs, *fixed])

    @cached_property
    def _owners(self) -> set[str]:
        some = getattr(self.fixed, "one_of_each", self.fixed)
        found = {name.partition("[")[0]: name for name in some}  # one of each family will do
        return {own for own, name in found.items() if not self._model.is_equation(name)}

    def meant(self, pattern: str) -> tuple[list[str], str | None] | None:
        """As `Names.meant` says it of all inputs, with those that the Model has been read with; None for
        what is not about such."""
        if pattern.partition("[")[0] not in self._owners:
            return None
        if pattern in self.fixed and not self._model.is_equation(
            pattern
        ):  # without all other names
            return [pattern], None
        return self._names.meant(pattern)


def sizes_of(
    source: Source, files: Sequence[Source], settings: Sequence[str], seed: int
) -> GivenSizes:
    """What is given, for what the ranges, draws and bounds of a text are made of. What cannot be read
    is left out: it is told when the equations read well."""
    if not re.search(r"[\[~±]|\+/?-|\bin\b", source.text):
        return NO_SIZES
    found: list[tuple[str, Size]] = []
    targets = {*re.findall(r"[^\W\d]\w*'*", source.text)} if files else set[str]()
    computed = targets | {f"{name}[0]" for name in targets}
    for each in [*files, *(typed(text, "--set") for text in settings)]:
        with suppress(BackpropError):
            if is_json(each):
                found += [(name, Size(*said)) for name, said in plain_numbers(each).items()]
                continue
            lines = from_lines(each, computed if each in files else None, seed)
            found += [(name, Size(number, place)) for name, (number, place, _) in lines.items()]
    return GivenSizes(found)


def read_with(
    source: Source,
    files: Sequence[Source],
    settings: Sequence[str],
    seed: int,
    read_text: Callable[..., Model],
) -> Model:
    """The Model of a text with the numbers from outside for what ranges, draws and bounds are made of.
    Raises as `read_text` does, and says of an error with which of the numbers that was."""
    sizes = sizes_of(source, files, settings, seed)

    def again(text: str) -> Model:
        return read_text(Source(source.name, text, source.option), sizes=sizes)

    try:
        try:
            return read_text(source, sizes=sizes)
        except BackpropError as error:
            model = _read_sized(source, files, settings, again, error)
            if model is None:
                raise
            return model
    except BackpropError as error:
        sizes.told(error)
        raise


def read_sizes(
    source: Source,
    sizes: Mapping[str, object],
    seed: int,
    read_text: Callable[..., Model],
) -> Model:
    """As `read_with`, with numbers by name, or nested lists of them. Raises NotAnInput for a name that
    nothing is made of that has to be known while a text is read, NotANumber for what is no number."""
    found = read_with(source, [_all_as_json(sizes)], [], seed, read_text)
    used = {name.partition("[")[0] for name in found.sizes.used}
    if unused := [name for name in map(normal, sizes) if name.partition("[")[0] not in used]:
        message = f"{unused[0]!r} decides no range and no index of these equations"
        hints = ["numbers of inputs go to grad, to the other methods, and to a Program"]
        raise NotAnInput(message, hints=hints, where=source.name)
    return found


def _all_as_json(sizes: Mapping[str, object]) -> Source:
    from json import dumps  # for programs only: 1 ms

    texts = (f"{dumps(normal(name))}: {_as_json(name, each)}" for name, each in sizes.items())
    return Source("sizes", f"{{{', '.join(texts)}}}")


def _as_json(name: str, given: Any) -> str:
    """A number or nested lists of them, NumPy's among them, as JSON. Raises NotANumber."""
    plain = given.tolist() if hasattr(given, "tolist") else given
    from json import dumps

    open_, is_right = [plain], True
    with suppress(TypeError, ValueError, OverflowError, RecursionError):
        text = dumps(plain, default=float)
        while open_ and is_right:
            each = open_.pop()
            if isinstance(each, list | tuple):
                open_ += each
            else:
                is_right = isfinite(as_double(each))
        if is_right:
            return text
    message = f"{name} = {plain!r:.40} is no number"
    raise NotANumber(message, hints=["give a number, or nested lists of them"])


def _read_sized(
    source: Source,
    files: Sequence[Source],
    settings: Sequence[str],
    again: Callable[[str], Model],
    before: BackpropError,
) -> Model | None:
    """The Model of a text that has no number for a constant of its ranges, draws or bounds, where
    one is given: each number given for a name without a statement becomes a statement at the end.
    None if there is none, or it helps nothing. before: the error of the text itself."""
    statements, faults = read(source)
    forms = ("declaration", "goal", "function")
    words = {word for each in statements for word in each.tokens.texts}
    defined = {
        each.tokens.texts[each.shape.target] for each in statements if each.shape.form not in forms
    }
    numbers: dict[str, float] = {}
    try:
        for given in [*files, *(typed(text, "--set") for text in settings)]:
            if is_json(given):
                found = {name: number for name, (number, _) in plain_numbers(given).items()}
            else:
                lines = from_lines(given, defined if given in files else None)
                found = {name: each[0] for name, each in lines.items()}
            numbers |= {
                name: number
                for name, number in found.items()
                if name in words - defined and isinstance(number, float)
            }
    except BackpropError:  # it is told when the equations read well
        return None
    more = "".join(f"{name} = {exact(number)}\n" for name, number in numbers.items())
    try:
        text = f"{source.text}\n{more}"
        return again(text) if more and not faults else None
    except BackpropError as error:
        if error.message == before.message:
            return None
        raise


def opened_all(files: Sequence[str | Source]) -> list[Source]:
    """Files of numbers, opened. Raises CannotRead."""
    return [_opened(each) if isinstance(each, str) else each for each in files]


def _opened(path: str) -> Source:
    if is_table(path):
        message = f"{path} is a table, and the rows of one are for grad, one after the other"
        raise BadOption(
            message, hints=["of data for equations it is --data", "numbers stand in lines a = 2"]
        )
    try:
        return read_source(path, "numbers themselves go after --set")
    except CannotRead as error:
        if "=" in path:
            error.hints = (f'numbers themselves go after --set: --set "{path}"',)
        raise


def _within(model: Model, name: str, number: float, text: str) -> float:
    """The number; in place of one that is rounded beyond a bound of its input, the bound: of
    0.6666666667, as a descent prints it, 2/3."""
    low, high = model.bounds.get(name, FREE)
    bound = min(max(number, low), high)
    if bound == number:  # of which most are: what follows reads the text
        return number
    return bound if abs(bound - number) <= half_unit(text.replace("−", "-")) else number


def from_lines(source: Source, computed: Collection[str] | None = None, seed: int = 0) -> Given:
    """The numbers of `a = 2` in each line, or of `a=2, b=1/3`; of a file those of `computed` may be
    equations. seed: of what a file draws."""
    settings = read_settings(source, computed, seed)
    raise_all([error for setting in settings.values() for error in _links(setting)])
    return {
        name: (number_of(setting.model, setting.root), setting.name, setting.place.text)
        for name, setting in settings.items()
    }


def _links(setting: Setting) -> Iterator[NotANumber]:
    """An error for each link of `x ← 3 − 0.1·2 = 2.8` that is not its last number, as far as the
    numbers are written out."""
    if not setting.links:
        return
    model = setting.model
    number, note = partial(number_of, model), "the last one counts"
    last = setting.place, setting.root
    yield from differing(setting.name.text, model.columns, setting.links, last, number, note)


def _from_file(source: Source, model: Model) -> Given:
    """The numbers of a file: JSON, or lines, which may be the equations themselves with other defaults."""
    if is_json(source):
        return from_json(source, model)
    return from_lines(source, set(filter(model.is_equation, model.names)), model.seed)
