"""The questions of a quiz: what a person is asked for, in the order of the passes, as plain data."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from math import isfinite
from typing import NamedTuple

from backprop.derivation import Computed, Derivation, Passed, Share, derivation
from backprop.evaluation.gradient import evaluate
from backprop.language import Model
from backprop.numbers import Wide, either, printed, rounded, spoken
from backprop.operations import CONSTANTS
from backprop.syntax import functions
from backprop.syntax.notation import names_in, typographic
from backprop.syntax.parser import formula

FORWARD, LOCAL, BACKWARD, FORMULA = KINDS = "forward", "local", "backward", "formula"
"""What is asked for: values, derivatives of single equations, gradients, and those of single equations as
formulas."""

VALUES, SHARES = "values", "sum of the shares"
"""What is practised besides the rules of differentiation."""

DIGITS = 6
"""Significant digits of the numbers that are shown, as `explain` has them."""

_PATIENCE = 2
"""An answer may be off by so many times what comes of reckoning with the numbers as they are shown."""

_MOST_OFF = 0.02


class Question(NamedTuple):
    """One question.

    kind: one of KINDS. of, by: what is asked for, the value of `of`, or its derivative by `by`. prompt: a
    line. given: what there is to reckon with, names and derivatives (`∂L/∂e`) with their numbers.
    answer: the number, and answer_text as people are shown it. formula: of a local derivative, in the
    language of equations, "" where it is too long; of a value what its equation comes to. rule: which is
    practised. step: its number, as in `explain`. name, equation: of what the question is about, and its
    right side. part: "share" of a derivative, "sum" of all shares, or "". off: how far an answer may be
    off because of the digits that are shown.
    """

    kind: str
    of: str
    by: str
    prompt: str
    given: tuple[tuple[str, float], ...]
    answer: float
    answer_text: str
    formula: str
    rule: str
    step: int
    name: str
    equation: str
    part: str = ""
    off: float = 0.0

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
    found = derivation(model, evaluate(model, numbers, output), only=tuple(only))
    writing = _Asking(model, found, kinds)
    return Quiz([*writing.forward(), *writing.backward()], writing.told(), found)


class _Asking:
    def __init__(self, model: Model, found: Derivation, kinds: Collection[str]) -> None:
        self._found, self._kinds = found, kinds
        self._still = frozenset(each for each in found.data if each in model.still)
        self._known = {**CONSTANTS, **found.data}
        self._left: dict[str, list[str]] = {}
        """What is not asked, by why."""

    def forward(self) -> Iterator[Question]:
        """The values, from the inputs on."""
        for step in self._found.forward if FORWARD in self._kinds else ():
            text = step.expanded or step.equation
            if not isfinite(step.value):
                self._leave(step.name, f"{spoken(step.value)} here")
                continue
            yield self._value(step, text)

    def _value(self, step: Computed, text: str) -> Question:
        given = self._given(text)
        written = f" = {line(step.equation)}" if step.equation else ""
        off = self._off(step.value, lambda known: reckoned(text, known), given)
        return Question(
            FORWARD, step.name, "", f"{step.name}{written} = ?", given, step.value, said(step.value),
            text, VALUES, step.number, step.name, step.equation, off=off,
        )  # fmt: skip

    def backward(self) -> Iterator[Question]:
        """The derivatives, from the output back."""
        for step in self._found.backward:
            for share in step.shares:
                if share.by not in self._still:
                    yield from self._share(step, share)
            for total in step.totals if BACKWARD in self._kinds else ():
                if total.by in self._still or not self._may(
                    f"∂{self._found.output}/∂{total.by}", total.total, *total.shares
                ):
                    continue
                whole = f"∂{self._found.output}/∂{total.by}"
                shares = tuple((f"share of {whole}", each) for each in total.shares)
                off = _PATIENCE * sum(abs(each - rounded(each, DIGITS)) for each in total.shares)
                yield Question(
                    BACKWARD, self._found.output, total.by, f"{whole} = ?", shares, total.total,
                    said(total.total), "", SHARES, step.number, step.name, step.equation, "sum",
                    min(off, _MOST_OFF * abs(total.total)),
                )  # fmt: skip

    def _share(self, step: Passed, share: Share) -> Iterator[Question]:
        """The questions about what an equation adds to the gradient by a name that it uses."""
        output = self._found.output
        local, whole = f"∂{step.name}/∂{share.by}", f"∂{output}/∂{share.by}"
        rule = ", ".join(step.rules)
        used = self._given(step.equation, share.formula, but=step.name)
        about = step.number, step.name, step.equation
        own = step.name == output
        is_formula = bool(share.formula) and not names_in(formula(share.formula)).isdisjoint(
            self._known
        )
        part = "" if share.whole else "share"
        lead = "" if share.whole else "share of "
        if (FORMULA in self._kinds) and is_formula:
            yield Question(
                FORMULA, step.name, share.by, f"{lead}{local} as a formula = ?", (), share.local,
                line(share.formula), share.formula, rule, *about, part,
            )  # fmt: skip
        names = self._given(share.formula)
        given = (*used, *((step.name, self._known[step.name]),) * (step.name in dict(names)))
        asks_local = LOCAL in self._kinds or (FORMULA in self._kinds and not is_formula)
        asks_local = asks_local or (BACKWARD in self._kinds and own and share.single)
        if asks_local and self._may(local, share.local):
            off = self._off(share.local, lambda known: reckoned(share.formula, known), given)
            yield Question(
                LOCAL, step.name, share.by, f"{lead}{local} = ?", given, share.local,
                said(share.local), share.formula, rule, *about, part, off,
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
        prompt = f"share of {whole} = ?" if way and own else prompt
        given = given if own else ((upstream, share.upstream), *given)
        off = self._off(
            share.product,
            lambda known: reckoned(share.formula, known) * known.get(upstream, 1.0),
            given,
        )
        yield Question(
            BACKWARD, output, share.by, prompt, given, share.product, said(share.product),
            "", rule, *about, "" if share.single else "share", off,
        )  # fmt: skip

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

    def _given(self, *texts: str, but: str = "") -> tuple[tuple[str, float], ...]:
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

    def _off(
        self,
        right: float,
        reckon: Callable[[Mapping[str, float]], float],
        given: Iterable[tuple[str, float]],
    ) -> float:
        """How far the answer moves where numbers are taken as they are shown, one by one."""
        moved = 0.0
        for name, number in given:
            seen = rounded(number, DIGITS)
            if seen != number and isfinite(
                found := reckon({**self._known, **dict(given), name: seen})
            ):
                moved += abs(found - reckon({**self._known, **dict(given)}))
        return min(_PATIENCE * moved, _MOST_OFF * abs(right)) if isfinite(moved) else 0.0


def line(text: str) -> str:
    """A formula as a line of mathematics."""
    return typographic(formula(text))


def said(number: float) -> str:
    """A number as it is shown."""
    return printed(number + 0.0, DIGITS, zeros=True)


def reckoned(text: str, known: Mapping[str, float]) -> float:
    """What a formula comes to with these numbers; nan where it has names that are not known."""
    if not text or not names_in(found := formula(text)) <= known.keys():
        return float("nan")
    return functions.evaluated(found, known)
