"""The questions of a quiz: what a person is asked for, in the order of the passes, as plain data."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import NamedTuple

from backprop.checks.rounding import gradient_noise, noises
from backprop.derivation import Computed, Derivation, Passed, Share, derivation
from backprop.derivation.rule_names import CHAIN_RULE, RuleNames
from backprop.engine.underflow import too_small
from backprop.evaluation.gradient import Evaluation, evaluate
from backprop.language import Model
from backprop.names import meant
from backprop.numbers import Wide, either, printed, rounded, spoken
from backprop.operations import CONSTANTS
from backprop.syntax import functions
from backprop.syntax.notation import names_in, typographic
from backprop.syntax.parser import formula
from backprop.values import having_say

FORWARD, LOCAL, BACKWARD, FORMULA = KINDS = "forward", "local", "backward", "formula"
"""What is asked for: values, derivatives of single equations, gradients, and those of single equations as
formulas."""

SHARE, SUM = "share", "sum"
"""The parts of a derivative that is reached on several ways: what one equation adds, and all of them."""

VALUES, SHARES = "values", "sum of the shares"
"""What is practised besides the rules of differentiation."""

DIGITS = 6
"""Significant digits of the numbers that are shown, as `explain` has them."""

_PATIENCE = 2
"""An answer may be off by so many times what comes of reckoning with the numbers as they are shown."""

_MOST_OFF = 1e-3
"""The most of it, relative: where this is not enough, numbers are shown in more digits."""

_MOST_NOISE, _LEAST_NOISE = 1e-7, 1e-12
"""How far rounding may move an answer, relative and where that is 0."""

_ALONE = " from this equation alone"

_LOST = "of which rounding leaves too few digits"

_MOST_GIVEN = 30
"""The most numbers that a value is reckoned with."""


NamedNumbers = tuple[tuple[str, float], ...]
"""Names with their numbers."""


_IF, _FOR = re.compile(r"(?<!\w)if\s*\("), re.compile(r"(?<!\w)for(?!\w)")


class Question(NamedTuple):
    """One question.

    kind: one of KINDS. of, by: what is asked for, the value of `of`, or its derivative by `by`. prompt: a
    line. given: what there is to reckon with, names and derivatives (`∂L/∂e`) with their numbers.
    answer: the number, and answer_text as people are shown it. formula: of a local derivative, in the
    language of equations, "" where it is too long; of a value what its equation comes to. rules: which are
    practised. step: its number, as in `explain`. name, equation: of what the question is about, and its
    right side. part: SHARE, SUM or "". off: how far an answer may be
    off because of the digits that are shown; digits: how many of what is given are to be.
    """

    kind: str
    of: str
    by: str
    prompt: str
    given: NamedNumbers
    answer: float
    answer_text: str
    formula: str
    rules: tuple[str, ...]
    step: int
    name: str
    equation: str
    part: str = ""
    off: float = 0.0
    digits: int = DIGITS

    @property
    def derivative(self) -> str:
        """`∂L/∂e`; "" for a value."""
        return f"∂{self.of}/∂{self.by}" if self.by else ""


class Quiz(NamedTuple):
    """Questions, and sentences on what is not asked. derivation: the steps that they come from."""

    questions: list[Question]
    told: list[str]
    derivation: Derivation


def questions(
    model: Model, numbers: Mapping[str, float], output: str | None, kinds: Collection[str] = KINDS
) -> list[Question]:
    """The questions about an output in the order of the passes. Raises as `Model.grad`, TooLarge."""
    return asked(model, numbers, output, kinds).questions


def asked(
    model: Model,
    numbers: Mapping[str, float],
    output: str | None,
    kinds: Collection[str] = KINDS,
    only: Collection[str] = (),
) -> Quiz:
    """The questions, and what is not asked. only: names that they are to be about."""
    at = evaluate(model, numbers, output)
    found = derivation(model, at, only=tuple(only))
    names = {*meant(only, found.data, f"what leads to {found.output}")}
    writing = _Asking(model, at, found, kinds, names)
    return Quiz([*writing.forward(), *writing.backward()], writing.told(), found)


class _Asking:
    """Makes the questions. only: names that they are to be about, if not all."""

    def __init__(
        self,
        model: Model,
        at: Evaluation,
        found: Derivation,
        kinds: Collection[str],
        only: Collection[str],
    ) -> None:
        self._found, self._kinds, self._only = found, kinds, only
        self._graph, self._data = at.graph, at.numbers.data
        named = [*at.graph.labels]
        self._noise = noises(at.graph, self._data, named)
        """How far rounding moves values."""
        self._gradient_noise = gradient_noise(at.graph, at.numbers, named)
        self._small = {at.graph.label(step) for step in too_small(at.graph, self._data)}
        self._expanded = {step.name: step.expanded for step in found.forward}
        self._functions = [re.compile(rf"(?<!\w){each}\s*\(") for each in model.functions]
        self._nodes = {name: node for node, name in at.graph.labels.items()}
        self._still = frozenset(each for each in found.data if each in model.still)
        self._known = {**CONSTANTS, **found.data}
        self._rule_names = RuleNames(at.graph)
        self._left: dict[str, list[str]] = {}
        """What is not asked, by why."""

    def forward(self) -> Iterator[Question]:
        """The values, from the inputs on."""
        for step in self._found.forward if FORWARD in self._kinds else ():
            text = step.expanded or step.equation
            given = self._given(self._readable(step.name, step.equation), text)
            if self._only and step.name not in self._only:
                continue
            if step.name in self._small:
                self._leave(step.name, "beyond what doubles hold")
            elif len(given) > _MOST_GIVEN or not text:
                self._leave(step.name, "made of too many numbers")
            elif _is_lost(step.value, self._noise[self._nodes[step.name]]):
                self._leave(step.name, _LOST)
            elif self._may(step.name, step.value):
                yield self._value(step, text, given)

    def _value(self, step: Computed, text: str, given: NamedNumbers) -> Question:
        written = f" = {line(step.equation)}" if step.equation else ""
        shown = self._shown(step.value, text, given)
        return Question(
            FORWARD, step.name, "", f"{step.name}{written} = ?", given, step.value + 0.0, said(step.value),
            text, (VALUES,), step.number, step.name, self._readable(step.name, step.equation), "", *shown,
        )  # fmt: skip

    def backward(self) -> Iterator[Question]:
        """The derivatives, from the output back."""
        for step in self._found.backward:
            if kink := self._kink(step.name):
                self._leave(f"what comes through {step.name}", f"which stands at a {kink} here")
            for share in () if kink else step.shares:
                if share.by in self._still:
                    continue
                if self._is_lost_in(step, share):
                    self._leave(f"∂{step.name}/∂{share.by}", _LOST)
                else:
                    yield from self._share(step, share)
            for total in step.totals if BACKWARD in self._kinds else ():
                whole = f"∂{self._found.output}/∂{total.by}"
                if total.by in self._still or not self._may(whole, total.total, *total.shares):
                    continue
                if _is_lost(total.total, self._gradient_noise[self._nodes[total.by]]):
                    self._leave(whole, _LOST)
                    continue
                shares = tuple((f"share of {whole}", each) for each in total.shares)
                shown = shown_in(total.total, sum, total.shares)
                yield Question(
                    BACKWARD, self._found.output, total.by, f"{whole} = ?", shares, total.total + 0.0,
                    said(total.total), "", (SHARES,), step.number, step.name, step.equation, SUM,
                    *shown,
                )  # fmt: skip

    def _share(self, step: Passed, share: Share) -> Iterator[Question]:
        """The questions about what an equation adds to the gradient by a name that it uses."""
        output = self._found.output
        local, whole = f"∂{step.name}/∂{share.by}", f"∂{output}/∂{share.by}"
        rules = self._rules(step.name, share.by)
        equation = self._readable(step.name, step.equation)
        used = self._given(equation, share.formula, but=step.name)
        about = step.number, step.name, equation
        own = step.name == output
        is_formula = bool(share.formula) and not names_in(formula(share.formula)).isdisjoint(
            self._known
        )
        part, lead, tail = ("", "", "") if share.whole else (SHARE, "share of ", _ALONE)
        if (FORMULA in self._kinds) and is_formula:
            prompt = f"{lead}{local}{tail and f'{tail},'} as a formula = ?"
            yield Question(
                FORMULA, step.name, share.by, prompt, (), share.local + 0.0,
                line(share.formula), share.formula, rules, *about, part,
            )  # fmt: skip
        names = self._given(share.formula)
        given = (*used, *((step.name, self._known[step.name]),) * (step.name in dict(names)))
        asks_local = LOCAL in self._kinds or (FORMULA in self._kinds and not is_formula)
        asks_local = asks_local or (BACKWARD in self._kinds and own and share.single)
        if asks_local and self._may(local, share.local):
            shown = self._shown(share.local, share.formula, given)
            yield Question(
                LOCAL, step.name, share.by, f"{lead}{local}{tail} = ?", given, share.local + 0.0,
                said(share.local), share.formula, rules, *about, part, *shown,
            )  # fmt: skip
            if own and share.whole:  # it is the gradient itself
                return
        if BACKWARD not in self._kinds or (own and asks_local and part):
            return
        upstream = f"∂{output}/∂{step.name}"
        if not share.is_product or not self._may(whole, share.product, share.upstream, share.local):
            if not share.is_product:
                self._leave(whole, "0 times an infinite slope here")
            return
        way = "" if share.single else f"share of {whole}: "
        prompt = f"{way}{upstream} · {local} = ?" if way and not own else f"{whole} = ?"
        prompt = f"share of {whole}{_ALONE} = ?" if way and own else prompt
        if not own:
            given = (upstream, share.upstream), *given
            rules = (CHAIN_RULE, *(each for each in rules if each != CHAIN_RULE))
        shown = self._shown(share.product, share.formula, given, "" if own else upstream)
        yield Question(
            BACKWARD, output, share.by, prompt, given, share.product + 0.0, said(share.product),
            "", rules, *about, "" if share.single else SHARE, *shown,
        )  # fmt: skip

    def _rules(self, name: str, by: str) -> tuple[str, ...]:
        """The rules by which an equation is differentiated with respect to a name: of the steps between."""
        graph, found = self._graph, {self._nodes[by]}
        for step in having_say(graph, graph.equation(self._nodes[name]), self._data):
            if not found.isdisjoint(graph.operands(step)):
                found.add(step)
        between = [step for step in graph.equation(self._nodes[name])[::-1] if step in found]
        return (*self._rule_names.one_by_one(between),) or (CHAIN_RULE,)

    def _is_lost_in(self, step: Passed, share: Share) -> bool:
        """Whether rounding leaves too few digits of a derivative, or of what it is reckoned with."""
        used = self._given(step.equation, step.name, share.formula)
        if any(_is_lost(number, self._noise[self._nodes[name]]) for name, number in used):
            return True
        node = self._nodes[share.by if share.single else step.name]
        noise = self._gradient_noise[node] * (1.0 if share.single else abs(share.local))
        return _is_lost(share.product, noise)

    def _readable(self, name: str, equation: str) -> str:
        """A right side without functions of the file, and of a member that gathers its own terms. An `if`
        by itself stays: which branch is taken is a part of the question."""
        expanded = self._expanded.get(name, "")
        calls = any(each.search(equation) for each in self._functions)
        hides = _IF.search(equation) and not (calls or _FOR.search(equation))
        return equation if hides else expanded or equation

    def _kink(self, name: str) -> str:
        """What an equation stands at here: a corner, a jump, mostly nothing."""
        graph, data = self._graph, self._data
        for step in having_say(graph, graph.equation(self._nodes[name]), data):
            operands = graph.operands(step)
            fixed = [graph.is_number(at) or graph.label(at) in self._still for at in operands]
            found = functions.kinks(graph.op(step), [data[each] for each in operands])
            if found and not all(fixed):
                return found[0]
        return ""

    def told(self) -> list[str]:
        """Sentences on what is not asked."""
        sentences = []
        for why, names in self._left.items():
            some = [*dict.fromkeys(names)]
            which = either(some) if len(some) < 4 else f"{some[0]} and {len(some) - 1} more"
            sentences.append(f"not asked: {which}, {why}")
        return sentences

    def _leave(self, name: str, why: str) -> None:
        self._left.setdefault(why, []).append(name)

    def _may(self, name: str, *numbers: float) -> bool:
        """Whether these can be asked for; what cannot is noted."""
        for number in numbers:
            if isinstance(number, Wide):
                self._leave(name, "beyond what doubles hold")
            elif not isfinite(number):
                self._leave(name, f"{spoken(number)} here")
            else:
                continue
            return False
        return True

    def _given(self, *texts: str, but: str = "") -> NamedNumbers:
        """The names in formulas with their numbers, as they are written."""
        found = dict[str, float]()
        for text in filter(None, texts):
            statement = formula(text)
            words = [
                statement.word(each)
                for each in statement.shape.nodes
                if each.kind in ("name", "index")
            ]
            found |= {each: self._found.data[each] for each in words if each in self._found.data}
        found.pop(but, None)
        return tuple((name, number) for name, number in found.items() if number == number)

    def _shown(
        self, right: float, text: str, given: NamedNumbers, factor: str = ""
    ) -> tuple[float, int]:
        """As `shown_in`, of a formula, times a name that is given if there is one."""
        names = [name for name, _ in given]

        def reckon(numbers: Sequence[float]) -> float:
            known = {**self._known, **dict(zip(names, numbers, strict=True))}
            return reckoned(text, known) * (known[factor] if factor else 1.0)

        return shown_in(right, reckon, [number for _, number in given])


def shown_in(
    right: float, reckon: Callable[[Sequence[float]], float], numbers: Sequence[float]
) -> tuple[float, int]:
    """How far an answer may be off because numbers are rounded before a person reckons with them, and in how
    many digits they are to be shown for that."""
    off = 0.0
    for digits in (DIGITS, 10, 13, 17):
        off = 0.0
        for at, number in enumerate(numbers):
            seen = [*numbers[:at], rounded(number, digits), *numbers[at + 1 :]]
            off += _PATIENCE * abs(reckon(seen) - reckon(numbers)) if seen[at] != number else 0.0
        if off != off:  # there is no formula, or it has no value beside this point
            return 0.0, DIGITS
        if off <= _MOST_OFF * abs(right):
            return off, digits
    return 0.0, 17


def _is_lost(number: float, noise: float) -> bool:
    """Whether rounding leaves too few digits of a number to tell whether an answer is right."""
    return noise > max(_MOST_NOISE * abs(number), _LEAST_NOISE)


def line(text: str) -> str:
    """A formula as a line of mathematics."""
    return typographic(formula(text))


def said(number: float, digits: int = DIGITS) -> str:
    """A number as it is shown."""
    return printed(number + 0.0, digits, zeros=True)


def reckoned(text: str, known: Mapping[str, float]) -> float:
    """What a formula comes to with these numbers; nan where it has names that are not known."""
    if not text or not names_in(found := formula(text)) <= known.keys():
        return nan
    try:
        return functions.evaluated(found, known)
    except KeyError:  # a function of the file, a draw, what is gathered
        return nan
