"""What must be true of statements before Values can be made of them.

Every name defined once, every function known and called with the right number of arguments, no
function that calls itself, no graph beyond the stated size, no equations in a circle.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from graphlib import TopologicalSorter
from itertools import chain

from backprop.errors import (
    LIMIT,
    BackpropError,
    Label,
    LooksAlike,
    NeedsData,
    NoDataYet,
    RecursiveFunction,
    TooLarge,
    UnexpectedText,
    UnknownFunction,
    WrongNumberOfArguments,
    defined_twice,
    raise_all,
)
from backprop.language.arguments import is_open, taken, takes_families
from backprop.language.circles import around
from backprop.language.distributions import COLUMN, DISTRIBUTIONS
from backprop.language.families import MOST_VALUES
from backprop.language.laid import COUNT
from backprop.names import MAY_LOOK_LIKE, did_you_mean, look, strange_letter
from backprop.operations import DERIVATIVE, FUNCTIONS, GATHERS
from backprop.source import Span, one_line
from backprop.syntax.grammar import Node, roots
from backprop.syntax.parser import Statement
from backprop.syntax.scanner import Tokens
from backprop.syntax.scanner import statements as cut

Statements = Mapping[str, Statement]


def checked(
    statements: Sequence[Statement],
    faults: Iterable[BackpropError] = (),
    most: int = MOST_VALUES,
) -> tuple[dict[str, Statement], dict[str, Statement], list[Statement]]:
    """The equations and the functions by name, and the statements with indices or `~`: of these the
    ranges decide later whether a name is defined twice.

    Raises all that is wrong with the statements, and with it `faults`, what was found before. most:
    the values that functions may add.
    """
    errors = [*faults]
    equations: dict[str, Statement] = {}
    functions: dict[str, Statement] = {}
    indexed: list[Statement] = []
    for statement in statements:
        tokens, shape = statement
        name = tokens.texts[shape.target]
        if shape.form in ("declaration", "goal"):
            continue
        if shape.form not in ("equation", "function"):
            indexed.append(statement)
            continue
        known = equations if shape.form == "equation" else functions
        first = known.setdefault(name, statement)
        if first is not statement:
            hint = "a name has one equation; remove one, or give it another name"
            places = _target(statement), _target(first)
            errors.append(defined_twice(f"{name!r} is defined twice", *places, hint))
        if shape.form == "function":
            errors += _parameters(statement)
    if errors:
        from backprop.language.whole_lines import as_a_whole  # for a mistake only

        own = partial(calls, functions=functions)
        errors[:LIMIT] = [as_a_whole(each, own) for each in errors[:LIMIT]]  # no more are shown
    called = calls(statements, functions)
    if errors and called:  # of functions that do not read is said why
        called = calls(statements, functions, _unread(errors))
    raise_all([*errors, *called, *recursion(functions)])
    check_size(equations, functions, most)
    return equations, functions, indexed


def _unread(faults: Iterable[BackpropError]) -> set[str]:
    """The names of functions in the texts of these faults, whether their definitions read or not."""
    faults = [*faults]
    sources = {label.span.source for fault in faults for label in fault.labels}
    # `f = x -> x^2`, which is told to be `f(x) = x^2`
    lefts = (fault.meant.partition(") = ")[0].partition("(") for fault in faults)
    found = {name for name, bracket, _ in lefts if bracket and name.isidentifier()}
    for tokens in chain.from_iterable(map(cut, sources)):
        if isinstance(tokens, Tokens) and tokens.sign > 0:
            at = int(tokens.texts[0] == "const")
            if tokens.kinds[at : at + 2] == ("NAME", "LPAR"):
                found.add(tokens.texts[at])
    return found


_SUM_OF_SIGNS = ("NUMBER", "PLUS", "MINUS", "NUMBER")


def _plus_minus(statement: Statement) -> BackpropError | None:
    """The error for `a = 2 +- 0.1`, an uncertainty or a sum of two signs."""
    tokens = statement.tokens
    first = tokens.sign + 1
    if first > 1 and tokens.starts[0] == tokens.starts[first]:
        return None  # a link of a chain or a claim: no value of an input
    first += tokens.kinds[first] == "MINUS"
    if tokens.kinds[first : first + 4] != _SUM_OF_SIGNS or (
        tokens.kinds[first + 4 : first + 5] not in ((), ("IN",), ("FOR",))
        or tokens.ends[first + 1] < tokens.starts[first + 2]
    ):
        return None
    whole, signs = tokens.span(tokens.sign + 1, first + 3), tokens.span(first + 1, first + 2)
    number, other = tokens.span(tokens.sign + 1, first).text, tokens.span(first + 3).text
    hints = [f"for an uncertainty write {number} ± {other}"]
    hints.append(f"for a sum write {number} + (-{other})")
    return UnexpectedText(f"{signs.text!r} could mean two things", whole, hints=hints)


def calls(
    statements: Iterable[Statement], functions: Statements, besides: Collection[str] = ()
) -> list[BackpropError]:
    """Errors for calls of unknown functions, for wrong numbers of arguments, for indices that name
    many members, and for `2 +- 0.1`. besides: functions of which nothing is said."""
    errors: list[BackpropError] = []
    for statement in statements:
        kinds = statement.shape.kinds
        if "PLUS" in kinds and kinds[kinds.index("PLUS") + 1] == "MINUS":
            doubt = _plus_minus(statement)
            errors += [doubt] if doubt else []
        errors += _of_calls(statement, functions, besides, near=len(errors) < LIMIT)
    return errors


def _of_calls(
    statement: Statement, functions: Statements, besides: Collection[str], near: bool
) -> Iterator[BackpropError]:
    """What is wrong with the calls of a statement, and with indices that name many members."""
    nodes, texts = statement.shape.nodes, statement.tokens.texts
    many = [at for at, node in enumerate(nodes) if node.kind in ("star", "slice")]
    families = {at for at in range(len(nodes)) if many and is_open(nodes, at)}
    wrong = set(families)
    for at, node in enumerate(nodes):
        if node.kind not in ("call", "gather") or (besides and texts[node.token] in besides):
            continue
        fits = set[int]()
        fault: BackpropError | None = None
        if node.kind == "call" and (families or takes_families(texts[node.token], functions)):
            fits, fault = taken(statement, at, functions)
        if not fault and not fits:
            fault = _fault(statement, node, functions, near)
        if fault and not (
            isinstance(fault, NeedsData) and any(node.start <= each < at for each in wrong)
        ):
            yield fault
            fits = families.intersection(roots(nodes, node.start, at - 1))
        wrong -= fits
    if statement.shape.form == "declaration":
        return
    inside = {at for index in families for at in range(nodes[index].start, index)}
    for at in many:
        if at not in inside or any(nodes[index].start <= at < index for index in wrong):
            both = [_text_of(statement, nodes[index]) for index in sorted(wrong)[:2]]
            yield _many_members(statement, nodes[at], functions, both)
            return


def _text_of(statement: Statement, node: Node) -> str:
    """What a node is in the text."""
    return one_line(statement.tokens.span(node.first, node.last).text)


def _many_members(
    statement: Statement, node: Node, functions: Statements, families: Sequence[str]
) -> BackpropError:
    """The error for `[*]` or `[1..3]` where one member is due. families: the first two that stand so."""
    tokens, form = statement.tokens, statement.shape.form
    place = tokens.span(node.first, node.last)
    if form == "goal":
        hints = ["name one member, or an equation that sums them up"]
        return UnexpectedText("an output is one number", place, hints=hints)
    if form != "expression" and node.first < tokens.sign:
        hints = ["write an index, and what it runs through: w[i] = … for i in 1..3"]
        return UnexpectedText("one member is defined at a time", place, hints=hints)
    from backprop.language.hints import of_members  # for a mistake only

    message = f"[{one_line(place.text)}] stands for many members, and one number is due"
    hints = [of_members(statement, node, functions)]
    if len(families) == 2:  # a product as of matrices, most likely
        hints.append(f"a product of two families, term by term, is dot({', '.join(families)})")
    return UnexpectedText(message, place, hints=hints)


def _fault(
    statement: Statement, node: Node, functions: Statements, near: bool
) -> BackpropError | None:
    """What is wrong with a call. near: whether to look for functions of nearly the same name."""
    tokens, shape = statement
    name, count = tokens.texts[node.token], node.operands
    here, whole = tokens.span(node.token), tokens.span(node.first, node.last)
    if shape.drawn and (node is shape.nodes[-1] or name in (COLUMN, *DISTRIBUTIONS)):
        return None  # checked where it is drawn
    if node.kind == "gather":
        if name in GATHERS:
            return None
        hints = did_you_mean(name, GATHERS) or [f"there are {', '.join(GATHERS)}"]
        return UnknownFunction(f"{name!r} gathers nothing", here, hints=hints)
    if name in functions:
        least = len(functions[name].shape.parameters)
        if count == least:
            return None
        labels = Label(whole, "called here"), Label(_target(functions[name]), "defined here")
        message = f"{name} takes {_takes(least, least)}, not {count}"
        return WrongNumberOfArguments(message, *labels)
    if name == DERIVATIVE:
        from backprop.language.asked_derivatives import derivative_fault  # few files have some

        return derivative_fault(statement, node)
    row = FUNCTIONS.get(name)
    if (name in GATHERS or name == COUNT) and count == 1:
        from backprop.language.hints import of_family  # for a mistake only

        does = "counts" if name == COUNT else "of one argument gathers"
        message = f"{name}(…) {does} the rows of data, and there is no data"
        hint = "give a table that has its columns, --data rows.csv, or write the terms out"
        if row:
            hint = f"give {name} several arguments, as in {name}(a, b)"
        if near and name in GATHERS and (advice := of_family(statement, node)):
            message = f"{name} of a family takes its members by an index"
            return NeedsData(message, whole, hints=[advice])
        return NoDataYet(message, whole, hints=[hint])
    least = row.arity - len(row.defaults) if row else 0
    if row and count >= least and (count <= row.arity or row.folds):
        return None
    from backprop.language.asked_derivatives import as_elsewhere  # these for a mistake only
    from backprop.language.hints import meant, member, otherwise, written_out
    from backprop.meanings import ABSENT, gathering

    if name in (*GATHERS, COUNT) and row is None:
        message = f"{name} takes 1 argument, not {count}"
        hints = ["name one column: count(x)"]
        if name in GATHERS:
            hints = written_out(statement, node, name)
        return WrongNumberOfArguments(message, whole, hints=hints)
    if row is None:
        known = [*functions, *FUNCTIONS, DERIVATIVE] if near and name.lower() not in ABSENT else []
        primed = name.endswith(("'", "′"))
        found, error = as_elsewhere(statement, node, functions)
        if found:
            return error
        missing = f"there is no function {name!r}"
        hints = (meant(statement, node) or member(statement, node)) if near else []
        if near and not hints and count > 1 and (gather := gathering(name)):
            hints = written_out(statement, node, gather)
        if hints:
            return UnknownFunction(missing, whole, hints=hints)  # texts for the whole call
        known = [each for each in known if _fits(each, count, functions)]
        hints = [] if primed else did_you_mean(name, known) or did_you_mean(name.casefold(), known)
        if name in DISTRIBUTIONS:
            hints = [f"draw an input of its own: u ~ {name}({DISTRIBUTIONS[name]})"]
        hints = hints or otherwise(name, count)
        return UnknownFunction(missing, here, hints=hints)
    takes = f"{least} arguments or more" if row.folds else _takes(least, row.arity)
    hints = meant(statement, node) if near else []
    if count < least and not hints:
        hints = [f"write {name}({', '.join(row.operands)})"]
    return WrongNumberOfArguments(f"{name} takes {takes}, not {count}", whole, hints=hints)


def _fits(name: str, count: int, functions: Statements) -> bool:
    """Whether a function can be called with so many arguments."""
    if name in functions:
        return len(functions[name].shape.parameters) == count
    if name == DERIVATIVE:
        return count == 2
    row = FUNCTIONS[name]
    return row.arity - len(row.defaults) <= count <= row.arity or (row.folds and count > 0)


def recursion(functions: Statements) -> Iterator[BackpropError]:
    """An error for functions that call themselves, directly or through others."""
    for first, pairs, path in around(_calling(functions)):
        labels = [Label(_target(functions[name]), f"calls {after}") for name, after in pairs]
        message = f"the function {first!r} calls itself{path}"
        hints = ["functions are expanded where they are called, which would never end"]
        yield RecursiveFunction(message, *labels, hints=hints)


def _calling(functions: Statements) -> dict[str, set[str]]:
    """For each function the functions of the file that it calls."""
    return {
        name: {body.tokens.texts[node.token] for node in body.shape.nodes if node.kind == "call"}
        & functions.keys()
        for name, body in functions.items()
    }


def check_size(equations: Statements, functions: Statements, most: int) -> None:
    """Raise TooLarge at the equation whose functions expand past the limit. Counts, expands nothing.
    most: the values that the functions may add."""
    if not functions:
        return
    sizes: dict[str, int] = {}

    def count(statement: Statement) -> int:
        texts = statement.tokens.texts
        return sum(
            sizes.get(texts[node.token], 1) if node.kind == "call" else 1
            for node in statement.shape.nodes
        )

    for name in TopologicalSorter(_calling(functions)).static_order():
        sizes[name] = count(functions[name])
    total = own = 0
    for statement in equations.values():
        total += count(statement)
        own += len(statement.shape.nodes)
        if total > MOST_VALUES or total - own > most:
            limit = min(most, MOST_VALUES)
            message = f"with its functions expanded, the file has over {limit:,} values"
            hint = "give intermediate results names of their own, so that they are computed once"
            here = Label(statement.tokens.whole, "passed here")
            raise TooLarge(message, here, hints=[hint])


def look_alikes(statements: Sequence[Statement]) -> Iterator[LooksAlike]:
    """A warning for each name that looks like an earlier one, and has letters of another script."""
    text = statements[0].tokens.source.text
    if text.isascii() or not re.search(MAY_LOOK_LIKE, text):
        return
    first: dict[str, Span] = {}
    for tokens, _ in statements:
        for at, kind in enumerate(tokens.kinds):
            if kind == "NAME" and tokens.texts[at] not in first:
                first[tokens.texts[at]] = tokens.span(at)
    looks: dict[str, str] = {}
    for name, span in first.items():
        other = looks.setdefault(look(name), name)
        if other != name:
            letters = strange_letter(name, other), strange_letter(other, name)
            labels = Label(span, letters[0]), Label(first[other], letters[1])
            message = f"two names look like {other}: one has {letters[0]}, one {letters[1]}"
            hints = ["if one name is meant, copy it from one place to the other"]
            yield LooksAlike(message, *labels, hints=hints)


def _target(statement: Statement) -> Span:
    return statement.tokens.span(statement.shape.target)


def _parameters(statement: Statement) -> Iterator[BackpropError]:
    """An error for each parameter of a function that stands twice."""
    seen: dict[str, Span] = {}
    for at in statement.shape.parameters:
        name, here = statement.tokens.texts[at], statement.tokens.span(at)
        first = seen.setdefault(name, here)
        if first is not here:
            message = f"the parameter {name!r} stands twice"
            yield defined_twice(message, here, first, "give one of them another name")


def _takes(least: int, most: int) -> str:
    if least == most:
        return "1 argument" if least == 1 else f"{least or 'no'} arguments"
    return f"{least} or {most} arguments"
