"""What stands behind equations: `2*(-3) = -6` of `e = a*b = 2*(-3) = -6`, as `explain` prints it."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import nan

from backprop.errors import LIMIT, BackpropError, UnexpectedText, raise_all
from backprop.graph import Graph
from backprop.language.declarations import default
from backprop.language.formula_reader import FormulaReader
from backprop.language.links import Worked, differing, off_by
from backprop.language.model import Model
from backprop.syntax.scanner import Tokens


def read_worked(model: Model, chains: Mapping[str, Tokens]) -> dict[str, list[Worked]]:
    """The links behind the equations of a model. chains: by name the whole statements.

    Raises NotANumber where those made of numbers differ, UnexpectedText for `a = b = 3` where
    nothing says what b is, and what is wrong with a link.
    """
    reader = FormulaReader(model)
    found: dict[str, list[Worked]] = {}
    errors: list[BackpropError] = []
    for name, tokens in chains.items():
        if len(errors) > LIMIT:
            break
        try:
            found[name] = _links(model, reader, name, tokens)
        except BackpropError as error:
            errors += error.all
    raise_all(errors)
    return found


def _links(model: Model, reader: FormulaReader, name: str, tokens: Tokens) -> list[Worked]:
    left, *sides = tokens.sides()
    _refuse_unknown(model, name, tokens, sides)
    columns = reader.columns
    also = {} if "nan" in model.names else {"nan": columns.number(nan)}
    links = [(side.whole, reader.read(side.as_right_side(), also)) for side in sides]
    whole = Graph(columns, (), model.labels)
    numbers = [link for link in links if not model.labels.keys() & {link[1], *whole.uses(link[1])}]
    last = links[-1]
    if last in numbers:
        number, note = partial(default, columns), "the last one"
        others = numbers[:-1]  # explain prints floor(3) = 2 of what is a little less than 3
        raise_all([*differing(left.whole.text, columns, others, last, number, note, jumps=True)])
    off, fixed = off_by(columns, last), {root for _, root in numbers}
    return [
        Worked(place, whole.alone(root), off)
        for place, root in links[1:]
        if (place, root) == last or root not in fixed
    ]


def _refuse_unknown(model: Model, name: str, tokens: Tokens, sides: Sequence[Tokens]) -> None:
    """Raise UnexpectedText for `a = b = 3` where no statement says what b is."""
    formula = sides[0]
    other = "".join(formula.texts)
    if other in model.inputs and other not in model.defaults:
        at = tokens.sign + 1 + len(formula.kinds)
        number = tokens.span(at + 1, -1).text
        hints = [f"for two equations write {other} = {number}; {name} = {other}"]
        hints.append("to compare, write '=='")
        raise UnexpectedText("a second '=' in one equation", tokens.span(at), hints=hints)
