"""Equation text → `Model`, and the numbers that a person gives for inputs."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from backprop.errors import (
    BackpropError,
    Label,
    NoEquation,
    NotANumber,
    SyntaxFault,
    UnexpectedText,
    defined_twice,
    raise_all,
)
from backprop.language import called, definitions
from backprop.language.build import EXPECTED, Builder
from backprop.language.circles import circles
from backprop.language.families import MOST_VALUES, Families, left, ready_made
from backprop.language.index_code import Scope
from backprop.language.lookup import provide
from backprop.language.model import Model
from backprop.language.sizes import NO_SIZES, GivenSizes
from backprop.memory import without_collector
from backprop.names import family
from backprop.source import Source, Span, one_line
from backprop.syntax.bodies import Body
from backprop.syntax.parser import Settings, Statement, read
from backprop.syntax.scanner import LIST_ENDS, Tokens

if TYPE_CHECKING:
    from backprop.language.laid import Data, Laid
    from backprop.language.text_columns import TextReading

_LONG = 2000
"""The characters from which on a text may be worth the quick route."""


class Setting(NamedTuple):
    """A number that a person gives for a name: where the name stands, and the row of the number in
    a model of all such numbers. links: places and rows of what is said to equal it before."""

    name: Span
    model: Model
    root: int
    place: Span
    links: tuple[tuple[Span, int], ...] = ()


@without_collector
def read_model(
    source: Source, seed: int = 0, most: int = MOST_VALUES, sizes: GivenSizes = NO_SIZES
) -> Model:
    """The Model of an equation text. seed: of the inputs that are drawn at random. most: the values
    that it may unroll to. sizes: numbers from outside. Raises the SyntaxFaults and
    MeaningFaults found in it."""
    return quickly(source, most) or read_carefully(source, seed, most, sizes)


def quickly(source: Source, most: int) -> Model | None:
    """The Model of a long text by the quick route, None where that does not apply."""
    if len(source.text) < _LONG:
        return None
    from backprop.language.by_shape import read_quickly  # what a small file need not import

    return read_quickly(source, most)


class Parsed(NamedTuple):
    """A text that reads well, before it is known what its indices run through.

    statements: all of them. equations, functions: those of single names, by name. indexed: those of
    families. members: what indices are. chains: of equations with values behind them, by offset, the
    whole statements. laid: what has rows, where columns of data stand for names. notes: what is to be said of
    the statements.
    """

    source: Source
    statements: list[Statement]
    equations: dict[str, Statement]
    functions: dict[str, Statement]
    indexed: list[Statement]
    members: Families
    chains: dict[int, Tokens]
    laid: "Laid | None" = None
    notes: Sequence[BackpropError] = ()


def read_carefully(
    source: Source,
    seed: int = 0,
    most: int = MOST_VALUES,
    sizes: GivenSizes = NO_SIZES,
    tables: "Sequence[Data]" = (),
) -> Model:
    """The Model of an equation text by the ordinary route, which defines what a text means.

    Raises the SyntaxFaults and MeaningFaults found in it."""
    return unrolled(parsed(source, seed, most, sizes, tables))


def parsed(
    source: Source,
    seed: int = 0,
    most: int = MOST_VALUES,
    sizes: GivenSizes = NO_SIZES,
    tables: "Sequence[Data]" = (),
) -> Parsed:
    """The statements of a text. sizes: numbers from outside. tables: columns that stand for names. Raises
    the faults that can be seen before it is unrolled."""
    chains: dict[int, Tokens] = {}
    statements, errors, seen, plain = _read(source, tables, chains)
    laid, notes = None, list[BackpropError]()
    if "~" in source.text and not errors:
        from backprop.language.modelled import as_equations  # few files have model statements

        statements, _, found = as_equations(statements, bool(tables))
        notes += found
    if tables and not errors:
        from backprop.language.gathering_functions import written_out  # for data only
        from backprop.language.over_rows import over_rows

        statements = written_out(statements)
        laid = over_rows(statements, seen, source)._replace(data=tables, plain=plain)
        statements = laid.statements
    equations, functions, indexed = definitions.checked(statements, errors, most)
    used = functions and any(_computes(each, functions) for each in statements)
    if not indexed and (not equations or (functions and not used)):
        raise _nothing(source, functions, equations)
    members = Families(equations, seed, most)
    members.integers.sizes = sizes
    members.scalars = equations
    members.data = laid.tables if laid else ()
    called.provide(members, functions)
    for statement in indexed:
        members.enter(statement)
    provide(members)
    return Parsed(source, statements, equations, functions, indexed, members, chains, laid, notes)


def _read(
    source: Source, tables: "Sequence[Data]", chains: dict[int, Tokens]
) -> "TextReading | tuple[list[Statement], list[SyntaxFault], Sequence[Data], None]":
    """The statements of a text, what is wrong with it, the tables that it sees, and what puts names in the
    place of comparisons with texts."""
    if tables:
        from backprop.language.text_columns import read_texts  # for data only

        if found := read_texts(source, tables, chains):
            return found
    return *read(source, chains=chains), tables, None


def unrolled(found: Parsed) -> Model:
    """The Model in which every member has a row of its own. Raises the faults found in it."""
    source, statements, equations, functions, indexed, members, chains, laid, notes = found
    members.integers.defined = owners = dict(equations)
    for statement in indexed:
        members.declare(statement, owners)
    raise_all(members.errors)
    names = dict.fromkeys(owners, EXPECTED)
    builder = Builder(names, functions=functions, members=members)
    for statement in statements:
        if statement.shape.form != "function":
            builder.equation(statement)
    raise_all(builder.errors)
    columns, defaults, places = builder.columns, builder.defaults, builder.places
    names = {name: builder.names[name] for name in builder.order}
    derivatives, zeros = builder.derivatives, list[BackpropError]()
    if derivatives:
        derivatives.stand()
    errors = [*circles(columns, names, owners)]
    if derivatives and not errors:
        zeros = derivatives.compute(names, members)
    declared = builder.declarations.all(names, errors)
    raise_all(errors)
    repeated, fixed, seed = builder.repeated, list(members.integers.known), members.seed
    if laid:
        fixed += [name for name in names if laid.is_column(name) and name not in fixed]
    doubts = [*definitions.look_alikes(statements), *members.warnings, *zeros, *notes]
    if not names:
        message = "no equation in this text: each is for a range with nothing in it"
        raise NoEquation(
            message, statements[0].tokens.whole, hints=["write one for something, such as: L = a*b"]
        )
    model = Model(
        source, columns, names, defaults, places, fixed, repeated, functions, seed, declared, doubts
    )
    model.laid = laid
    model.take(members.integers.sizes)
    if derivatives:
        model.derivations = derivatives.known
    if chains:
        from backprop.language.worked import read_worked  # few files have some

        starts = {owner.tokens.starts[0]: name for name, owner in owners.items()}
        named = {starts[start]: tokens for start, tokens in chains.items()}
        model.worked = read_worked(model, named)
    return model


def _computes(statement: Statement, functions: Mapping[str, Statement]) -> bool:
    """Whether an equation uses names or functions of the file; so does what names the output."""
    tokens, shape = statement
    return shape.form != "function" and any(
        node.kind in ("name", "index")
        or (node.kind == "call" and tokens.texts[node.token] in functions)
        for node in shape.nodes
    )


def _nothing(
    source: Source, functions: dict[str, Statement], equations: Mapping[str, Statement]
) -> NoEquation:
    """The error for a text that computes nothing: it is empty, or has functions and at most numbers
    beside them: `y(x) = x^2; x = 1`."""
    if not functions:
        hints = ["write one equation a line, such as: L = a*b"]
        return NoEquation("no equation in this text", where=source.name, hints=hints)
    name, (tokens, shape) = functions.popitem()
    parameters = [tokens.texts[at] for at in shape.parameters]
    taken = {*parameters, *equations}
    free = next((each for each in ("y", "L", "out") if each not in taken), f"{name}_1")
    hints = [f"add {free} = {name}({', '.join(parameters)})"]
    if equations:
        hints = [f"for a call {hints[0]}"]
    if equations and name not in equations:
        body = one_line(tokens.span(tokens.sign + 1, -1).text)
        hints.insert(0, f"for an equation write {name} = {body}")
    message = "only functions, and no equation that uses them"
    return NoEquation(message, where=source.name, hints=hints)


def _says_more(statement: Statement) -> bool:
    """Whether a statement says something besides a number."""
    shape = statement.shape
    return shape.kinds[0] in ("CONST", "GOAL") or shape.limited or shape.form == "modelled"


def _no_number(statement: Statement) -> UnexpectedText:
    """The error for a statement that says more, where numbers are due."""
    from backprop.language.formula_reader import limits  # for a mistake only

    if statement.shape.form == "modelled":
        hints = ["give numbers alone, as in a=2"]
        return UnexpectedText("a model is no number", statement.tokens.whole, hints=hints)
    hints = ["give numbers alone, as in a=2; what is said of inputs stands in the equations"]
    return UnexpectedText("this says more than a number", limits(statement), hints=hints)


def read_settings(
    source: Source, computed: Collection[str] | None = None, seed: int = 0
) -> dict[str, Setting]:
    """The numbers of `a=2, b=1/3` or of a file of such lines, by name, not evaluated yet.

    computed: of a file, names whose equations may stand among them, and are passed over: a file of
    equations is a file of numbers as well, those of its inputs, whatever else it says of them.
    seed: of what such a file draws at random.
    """
    written = Settings([], {})
    statements, errors = read(source, LIST_ENDS, written)
    draws = computed is not None
    if computed is None:
        errors += map(_no_number, filter(_says_more, statements))
        statements = [each for each in statements if each.shape.form != "modelled"]
        computed = ()
    elif "~" in source.text:
        from backprop.language.modelled import is_modelled  # few files have model statements

        statements = [each for each in statements if not is_modelled(each)]
    equations, functions, indexed = definitions.checked(statements, errors)
    others = [right for _, right, _ in written.many], *written.links.values()
    raise_all(definitions.calls(chain.from_iterable(others), functions))
    families = Families(equations, seed)
    called.provide(families, functions)
    builder = Builder(functions=functions, members=families)
    model = Model(source, builder.columns, {})
    repeated = {family(name) for name in computed} - {""}
    settings: dict[str, Setting] = {}

    def set_one(name: str, target: Span, tokens: Tokens, body: Body, scope: Scope) -> None:
        builder.names.clear()
        root = builder.expression(tokens, body, scope)
        others = written.links.get(target.start, ())
        links = [
            (
                each.tokens.since(2).whole,
                builder.expression(each.tokens, ready_made(each).body, scope),
            )
            for each in others
        ]
        if builder.names and (name in computed or family(name) in repeated):
            return
        settings[name] = Setting(target, model, root, tokens.sides()[-1].whole, tuple(links))
        if builder.names:
            from backprop.meanings import ELSEWHERE  # for a mistake only
        for word, unknown in builder.names.items():
            place = Span.at(source, builder.columns.places[unknown])
            hints = ["give a number or an expression of numbers, such as 1/3 or 2*pi"]
            if word in ELSEWHERE:
                hints = [ELSEWHERE[word]]
            message, label = f"the value of {name!r} is no number", Label(place, "this is a name")
            families.errors.append(NotANumber(message, label, hints=hints))

    for statement in [*equations.values(), *indexed]:
        tokens, shape = statement
        name = tokens.texts[shape.target]
        target = left(statement)
        try:
            parts = ready_made(statement)
            if shape.drawn and not draws:
                hints = ["give numbers with '=', or another --seed"]
                raise UnexpectedText("nothing is drawn here", target, hints=hints)
            for scope in families.scopes(tokens, parts, {}):
                label = families.label(tokens, name, parts.indices, scope)
                if shape.drawn and label in settings:
                    places = target, settings[label].name
                    message = f"{label!r} is defined twice"
                    raise defined_twice(message, *places, "leave one of them out")
                if shape.drawn:
                    number, drawn = families.draw(tokens, parts.body, label, scope)
                    root = builder.columns.number(number, drawn)
                    settings[label] = Setting(target, model, root, Span.at(source, drawn))
                else:
                    set_one(label, target, tokens, parts.body, scope)
        except BackpropError as error:
            if shape.drawn or (name not in computed and name not in repeated):
                families.errors.append(error)
    for pattern, right, place in written.many:
        set_one(pattern, place, right.tokens, ready_made(right).body, {})
    raise_all(families.errors)
    if builder.derivatives:
        builder.derivatives.stand()
        builder.derivatives.compute({}, families)
    # in the order of the text: what comes later wins, a pattern or not
    return dict(sorted(settings.items(), key=lambda item: item[1].name.start))
