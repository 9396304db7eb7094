"""What is amiss with the equations of a fit: what is no model, and names that may be meant otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backprop.errors import ChooseOutput, NeedsData, mend, raise_all
from backprop.inputs import Opened
from backprop.language import Model
from backprop.language.model_texts import model_texts, plain_texts
from backprop.language.read_words import meanings, words_in, words_through
from backprop.names import did_you_mean
from backprop.numbers import listed
from backprop.source import Span
from backprop.syntax.parser import read


def look_at_left_sides(opened: Opened, model: Model) -> None:
    """Raise NeedsData for a model statement whose left side has no column in it."""
    columns = [name for table in opened.tables for name in table.names]
    families = model.laid.families if model.laid else {}
    for each in model_texts(opened.source):
        words = words_in(each.left)
        if each.rest or not columns or any(word in families or word in columns for word in words):
            continue
        place = Span(opened.source, each.place[0], each.place[0] + len(each.left))
        message = f"no column of data stands on the left of this model: {each.left}"
        hints = [hint for word in words for hint in did_you_mean(word, columns)]
        raise NeedsData(message, place, hints=hints or [f"the columns are {listed(columns, 8)}"])


def look_at_columns(opened: Opened) -> None:
    """Raise NeedsData for a model statement in which there is no column at all."""
    columns = [name for table in opened.tables for name in table.names]
    means = meanings(opened.source)
    for each in model_texts(opened.source):
        words = [*words_through(f"{each.left} + {each.right}", means)]
        if each.rest or not columns or any(word in columns for word in words):
            continue
        place = Span(opened.source, each.place[0], each.place[0] + len(each.left))
        message = f"no column of data stands on the left of this model: {each.left}"
        hints = [hint for word in words_in(each.left) for hint in did_you_mean(word, columns)]
        raise NeedsData(message, place, hints=hints or [f"the columns are {listed(columns, 8)}"])


def no_model(opened: Opened) -> None:
    """Raise ChooseOutput for equations of which nothing says what is to be fitted, and what is wrong with
    them, if anything is."""
    statements, errors = read(opened.source)
    raise_all(errors)
    columns = {name for table in opened.tables for name in table.names}
    for tokens, shape in statements:
        if shape.drawn and tokens.texts[shape.target] in columns:
            message = "a distribution with parameters is not computed yet"
            name = tokens.texts[shape.target]
            hints = [
                f"the likeliest mean by least squares: {name} ~ a, with what the mean is for a"
            ]
            hints.append(
                "or write the negative logarithm of the likelihood: L = sum(…), with --of L"
            )
            raise ChooseOutput(message, tokens.whole, hints=hints)
        if shape.form == "equation" and (name := tokens.texts[shape.target]) in columns:
            message = (
                f"an equation computes {name}, which is a column: a model has ~ in the place of ="
            )
            right = tokens.span(tokens.sign + 1, -1).text
            raise ChooseOutput(message, tokens.whole, hints=[mend(f"{name} ~ {right}")])
    message = "nothing says what is to be fitted"
    hints = ["write a model: y ~ a*exp(-b*x), with the column y on the left"]
    hints.append("or name a sum of squares: --of L")
    raise ChooseOutput(message, hints=hints, where=opened.source.name)


def same_in_all_rows(opened: Opened, model: Model) -> Iterator[str]:
    """A sentence for each model statement of several parameters with no column on its right side: a name in
    it may be meant to be one."""
    columns = [name for table in opened.tables for name in table.names]
    families, means = model.laid.families if model.laid else {}, meanings(opened.source)
    for each in model_texts(opened.source):
        words = re.findall(r"[^\W\d][\w']*(?!\w*\s*\()", each.right)
        if not columns or len({*words}) < 2 or any(word in families for word in words):
            continue
        if any(word in columns for word in words_through(each.right, means)):
            continue  # by texts
        yield f"{each.whole} is the same in every row: the columns are {listed(columns, 8)}"


def used_by_nothing(opened: Opened, model: Model) -> Iterator[str]:
    """A sentence for each number of the equations that no statement uses: it is no parameter."""
    words = Counter(
        word for each in read(plain_texts(opened.source))[0] for word in each.tokens.texts
    )
    for name in model.inputs:
        if words[name] == 1 and name in model.defaults and name not in model.constants:
            yield f"nothing uses {name}: it is not fitted"
