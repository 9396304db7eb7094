"""What `backprop diff` does: equations in, a report of formulas out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter

from backprop.algebra.formula import TooLong
from backprop.algebra.textbooks import with_lines
from backprop.constants_renamed import other_names
from backprop.derivation.rule_steps import rule_steps
from backprop.derivation.steps import SymbolicDerivation
from backprop.errors import (
    BackpropError,
    BadOption,
    LessAccurate,
    NeedsData,
    OrdinaryName,
    TooLarge,
)
from backprop.indexed_derivatives import (
    DiffRequest,
    is_partly_given,
    rules_with_indices,
    with_indices,
    with_numbers,
)
from backprop.inputs import Inputs, say
from backprop.language import Model, with_defaults
from backprop.loops.worth import read_model
from backprop.memory import without_collector
from backprop.names import is_pattern, meant
from backprop.numbers import exact, few
from backprop.operations import FUNCTIONS
from backprop.report.derivative_report import DerivativeEquation, DerivativeReport
from backprop.source import Source
from backprop.symbolic.by_names import Derived
from backprop.symbolic.kept_statements import functions_apart, written
from backprop.symbolic.request import SHORT, Request, short
from backprop.syntax.parser import Statement, read

_RAISED_E = re.compile(r"(?<![\w.])e\s*(?:\^|\*\*|[⁰¹²³⁴-⁹⁺⁻]|ˣ)")
"""`e^x`, where Euler's number may be meant."""

_BY_INDEX = "write an index for the rows: sum(x[i]^2 for i in 1..n)"
_NO_INDICES = "these indexed equations have no derivatives with indices that can be written here"
_FOR = re.compile(r"\bfor\b")

_CALLED = re.compile(r"([^\W\d]\w*)\s*\(")


_FEW = 10
"""So large ranges are written member by member."""


def diff(inputs: Inputs, asked: DiffRequest = DiffRequest()) -> DerivativeReport:  # noqa: B008
    """The derivatives of the outputs that are asked for (of the only one, if none is) as formulas."""
    _refuse_data(inputs)
    model, numbers = _given_to(inputs)
    found = derivatives(model, numbers, asked._replace(of=inputs.of))
    for sentence in found.said:
        say(sentence)
    return found


def _given_to(inputs: Inputs) -> tuple[Model, dict[str, float]]:
    try:
        return inputs.given()
    except NeedsData as error:  # whose advice is to give some
        error.hints = (f"formulas of derivatives take no data: {_BY_INDEX}",)
        raise


def _refuse_data(inputs: Inputs) -> None:
    """Raise BadOption for tables of data, which are nothing to formulas."""
    if inputs.data:
        hints = [f"leave out --data; {_BY_INDEX}"]
        raise BadOption("formulas of derivatives are made without data", hints=hints)


@without_collector
def derivatives(model: Model, numbers: Mapping[str, float], asked: DiffRequest) -> DerivativeReport:
    """What `diff` says of a Model, and nothing on standard error. numbers: those of inputs that are given
    besides the file's own."""
    if not model.loops and is_partly_given(model, numbers):
        model, numbers = _with_own_members(model, numbers)
    for each in asked.of:
        if not is_pattern(each):
            model.output(each)  # which says of a family what to choose
    outputs = model.meant_outputs(asked.of) or [model.output(None)]
    said: list[str] = []
    own = [name for name in model.names if name not in outputs] if asked.alone else model.names
    asked = asked._replace(wrt=_each_once(asked, own))
    names = meant(asked.wrt, own, _owner(asked))
    if (other := other_names(model)) is not None:
        of, wrt = ([*map(other.renamed, each)] for each in (asked.of, asked.wrt))
        made = derivatives(other.model, other.given(numbers), asked._replace(of=of, wrt=wrt))
        made = other.back(made._replace(notes=(), warnings=()))
        return made._replace(notes=_notes(model, asked.textbook), warnings=model.warnings)
    by_members = names if any(".." in each for each in asked.wrt) else asked.wrt  # w[1..2]
    looped = with_indices(model, numbers, outputs, asked._replace(wrt=by_members))
    if looped is not None:
        if asked.shape is None and looped.shape == "steps":
            said.append("step by step: the equations have indices (--shape nested|steps)")
        said += looped.said
        given = functions_apart(looped.given, [each.text for each in looped.equations])
        return looped._replace(given=given, notes=_notes(model, asked.textbook), said=said)
    if model.loops:
        raise TooLarge(_NO_INDICES, hints=[_smaller(model)])
    if "[" in model.source.text and _FOR.search(model.source.text):
        said.append(f"each member by itself: {_NO_INDICES}")
    model, numbers = _with_own_members(model, numbers)
    alone, shape = asked.alone, asked.shape
    request = Request(model, outputs, names, asked.order, asked.textbook, alone)
    own = [each for each in outputs if request.names(each) not in ([], [each])]
    if own and len(outputs) > len(own):  # members of a family that are numbers
        outputs = own
        request = Request(model, outputs, names, asked.order, asked.textbook, alone)
    for output in outputs:
        if output not in own:
            who = "this" if alone else output
            hints = (
                ["write one with a name in it: x^2"]
                if alone
                else ["name what is to be: --wrt NAME"]
            )
            raise BadOption(f"{who} has no inputs to be derived by", hints=hints)
    chosen = _to_read(request, model) if alone and shape is None else None
    found, shape = chosen or _shaped(request, shape, said)
    found = _with_value(found, said)
    equations = [
        DerivativeEquation(each.name, each.formula.text(), each.of, each.wrt) for each in found
    ]
    several = any(len(request.names(each)) > 1 for each in outputs)
    texts = [each.text for each in equations]
    given = [] if alone else functions_apart(_given(model, found, numbers), texts)
    labels = [new.name for new, each in zip(equations, found, strict=True) if each.asked]
    notes = _notes(model, asked.textbook)
    if any(each.is_lost for each in found):
        message = "a formula has no value far out, where a square in it is 0 or infinite"
        hints = ["text and JSON have one there"]
        notes.append(LessAccurate(message, where=model.source.name, hints=hints))
    return DerivativeReport(
        outputs, given, equations, labels, shape, alone, False, several, notes, model.warnings, said
    )


def _owner(asked: DiffRequest) -> str:
    return "the expression" if asked.alone else "these equations"


def _each_once(asked: DiffRequest, names: Collection[str]) -> Sequence[str]:
    """What is derived by, and nothing twice, which could not be read again: of `w, w[1]` the family, and of
    `w[1,*], w[*,1]` each member. With an order each name counts as often as it stands there."""
    if asked.order > 1 or len(asked.wrt) < 2:
        return asked.wrt
    members = {each: {*meant([each], names, _owner(asked))} for each in asked.wrt}
    for each in reversed([*members]):
        if members[each] <= set().union(*(members[other] for other in members if other != each)):
            del members[each]
    if sum(map(len, members.values())) == len(set().union(*members.values())):
        return [*members]
    return [*dict.fromkeys(meant(members, names, _owner(asked)))]


def _with_own_members(
    model: Model, numbers: Mapping[str, float]
) -> tuple[Model, Mapping[str, float]]:
    """A Model in whose text members that are given, `x[2] = 3`, have statements of their own in the place
    of one for many; and the numbers that are left."""
    own = {
        name: number
        for name, number in numbers.items()
        if "[" in name and model.equation(name) is not None
    }
    if not own or model.loops:
        return model, numbers
    drawn = any(model.draws(model.repeated[name]) for name in own if name in model.repeated)
    source = Source(model.source.name, with_defaults(model, own, drawn=drawn))
    rest = {name: number for name, number in numbers.items() if name not in own}
    return read_model(source, model.seed, sizes=model.sizes), rest


def _smaller(model: Model) -> str:
    """What to do about ranges that are too large to be unrolled."""
    sizes = [
        name
        for name in model.fixed
        if "[" not in name and not model.is_equation(name) and model.default(name) > _FEW
    ]
    how = f'--set "{", ".join(f"{name}={_FEW}" for name in sizes)}"' if sizes else "in the file"
    return f"take smaller ranges ({how}), for which each member is written by itself"


def _to_read(asked: Request, model: Model) -> tuple[list[Derived], str] | None:
    """The short answer: with the slopes of textbooks where the accurate ones are cases, or long."""
    wanted = asked.textbook
    made: list[tuple[bool, list[Derived]]] = []
    for textbook in dict.fromkeys((wanted, True)):
        asked.textbook = textbook
        try:
            found = asked.nested()
        except TooLong:
            continue
        if short(found):
            made.append((textbook, found))
        if made and not _cases(found):
            break
    if made:
        asked.textbook, found = min(made, key=lambda each: _cases(each[1]))
        return found, "nested"
    asked.textbook = wanted
    return None


def _cases(found: Sequence[Derived]) -> int:
    """How many cases formulas have: an `if` that was given is in the textbook's, too."""
    return sum(str(each.formula).count("if(") for each in found)


def _with_value(found: list[Derived], said: list[str]) -> list[Derived]:
    """Without derivatives that have no value anywhere, of which it is said so."""
    kept = [each for each in found if each.formula.text() != "0/0"]
    lost = [each.name for each in found if each.formula.text() == "0/0"]
    said += [f"{name} has no value anywhere, and is left out" for name in lost]
    if not kept:
        raise BadOption(
            "the derivative has no value anywhere", hints=["choose another name: --wrt"]
        )
    return kept


def _notes(model: Model, textbook: bool) -> list[BackpropError]:
    """What is said of formulas: which slopes may cancel, and that e is a name as any other."""
    found: list[BackpropError] = []
    where = model.source.name
    called = _CALLED.findall(model.source.text) if textbook else ()
    names = [
        each for each in dict.fromkeys(called) if each in FUNCTIONS and FUNCTIONS[each].textbook
    ]
    if names:
        message = f"slopes of {few(names)} are those of textbooks, which may lose digits far out"
        hints = ["text and JSON have accurate ones"]
        found.append(LessAccurate(message, where=where, hints=hints))
    raised = _RAISED_E.search(model.source.text)
    if raised and "e" in model.inputs and model.equation("e") is None:
        from backprop.meanings import ELSEWHERE

        message = "e is a name as any other here"
        found.append(
            OrdinaryName(message, where=where, hints=[f"{ELSEWHERE['e']}, for e^x exp(x)"])
        )
    return found


def rules(inputs: Inputs, only: Sequence[str] = ()) -> SymbolicDerivation:
    """How the derivatives of the output come about, rule by rule, without numbers: by all inputs that
    are no const, or by these."""
    model, numbers = _given_to(inputs)
    return rules_of(model, numbers, model.output(inputs.output), only, bool(inputs.data))


def rules_of(
    model: Model,
    numbers: Mapping[str, float],
    output: str,
    only: Sequence[str] = (),
    has_data: bool = False,
) -> SymbolicDerivation:
    """As `rules`, of a Model. has_data: whether that has rows, each of which stands in the formula."""
    if (other := other_names(model)) is not None:
        own = [*map(other.renamed, (output, *only))]
        return other.back(rules_of(other.model, other.given(numbers), own[0], own[1:], has_data))
    if (looped := rules_with_indices(model, numbers, output, only)) is not None:
        return looped
    hints = [f"leave the data out: {_BY_INDEX}"] if has_data else []
    too_long = f"written as one formula, {output} is too long to be derived rule by rule"
    if model.loops:  # to find out how long takes minutes
        raise TooLarge(too_long, hints=hints or [_smaller(model)])
    asked = Request(model, [output], meant(only, model.names, "these equations"))
    names = asked.names(output)
    if not names or names == [output]:
        raise BadOption(f"{output} has no inputs to be derived by", hints=["name some: --only a"])
    try:
        whole = asked.whole(output)
        divisors = asked.divisors(output)
        rules = tuple(rule_steps(whole, by, divisors=divisors) for by in names)
        return SymbolicDerivation(output, with_lines(whole, divisors).text(), rules)
    except TooLong:
        inner = [each for each in model.names if model.is_equation(each) and each != output]
        hints += [f"explain an intermediate: --of {inner[-1]}"] if inner and not has_data else []
        hints.append("leave --symbolic out: that shows every step by itself, with numbers")
        raise TooLarge(too_long, hints=hints) from None


def _shaped(asked: Request, shape: str | None, said: list[str]) -> tuple[list[Derived], str]:
    """The derivatives, and in which shape they are. Raises TooLarge."""
    if shape != "steps":
        try:
            found = asked.nested()
        except TooLong:
            found = None
        if found is not None and (shape or short(found)):
            return found, "nested"
        if shape == "nested":
            message = "a formula is too long to be written as a whole"
            raise TooLarge(message, hints=["write it step by step: --shape steps"])
        said.append(
            f"step by step: a formula would have over {SHORT} characters (--shape nested|steps)"
        )
    try:
        return asked.steps(), "steps"
    except TooLong:
        message = "an equation is too long for its derivative to be written"
        raise TooLarge(message, hints=["give its parts names: u = …, v = …, L = u*v"]) from None


def _given(model: Model, found: Sequence[Derived], numbers: Mapping[str, float]) -> list[str]:
    """The statements of the inputs that formulas use, as the file has them, with the numbers that were
    given; and of what their ranges are made of."""
    every = read(model.source)[0]
    statements = [each for each in every if each.shape.form not in ("function", "goal")]
    functions = {
        tokens.texts[shape.target]: Statement(tokens, shape)
        for tokens, shape in every
        if shape.form == "function"
    }
    declared: dict[str, list[Statement]] = {}
    for each in statements:
        if each.shape.form == "declaration":
            for node in each.shape.nodes:
                declared.setdefault(each.tokens.texts[node.token], []).append(each)
    own = {each.name for each in found}
    inputs = dict.fromkeys([*model.inputs, *model.fixed])
    used = {name for each in found for name in each.formula.names if name in inputs} - own
    families: dict[str, list[str]] = {}
    for name in inputs:
        families.setdefault(_base(name), []).append(name)
    starts = [tokens.starts[0] for tokens, _ in statements]
    lines: dict[int, Statement] = {}
    alone: dict[int, list[str]] = {}

    def statement_of(name: str) -> int:
        """Which statement has the equation of a name; -1: none."""
        place = model.equation(name) if name in model.names else None
        at = -1 if place is None else bisect_right(starts, place.start) - 1
        return at if place and at >= 0 and place.start < statements[at].tokens.ends[-1] else -1

    # of an equation that is a number for some members only, c[i] = sum(x[j] for j in 1..i-1), these are kept
    in_part = {*map(statement_of, own)} - {-1}
    done = set[str]()
    waiting = [*used]
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        at = statement_of(name)
        if at in in_part:
            alone.setdefault(starts[at], []).append(f"{name} = {exact(model.default(name))}")
        elif at >= 0:
            called = [statements[at]]
            while called:
                tokens = called[-1].tokens
                lines[tokens.starts[0]] = called.pop()
                for word in tokens.texts:  # what numbers and ranges are made of
                    waiting += families.get(word, ())
                    called += [functions.pop(word)] if word in functions else []
        for each in declared.get(_base(name), ()):
            lines[each.tokens.starts[0]] = each
            waiting += families[_base(name)]  # it may name any of them
    bases = {*map(_base, done)}
    texts = {at: [written(each, bases)] for at, each in lines.items()} | alone
    ordered = [text for _, each in sorted(texts.items(), key=itemgetter(0)) for text in each]
    return with_numbers(ordered, {**model.given, **numbers}, used)


def _base(name: str) -> str:
    """`x` of `x[2,3]`."""
    return name.partition("[")[0]
