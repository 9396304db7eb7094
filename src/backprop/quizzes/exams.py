"""An exam: the questions of a quiz for a class, each sheet with its own tidy numbers, and the keys.

Every key is confirmed before anybody sees it: its values by mpmath's arithmetic, its derivatives and formulas
as claims that `check` marks.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from backprop.checks import mark, read_claims
from backprop.derivation import Derivation
from backprop.errors import BackpropError, BadOption, TooLarge
from backprop.evaluation.gradient import evaluate
from backprop.evaluation.indeterminate import exact_numbers
from backprop.language import Model
from backprop.names import meant
from backprop.numbers import exact, few
from backprop.page_content import title_of
from backprop.quizzes.asked_numbers import numbers_of
from backprop.quizzes.courses import fewer_members
from backprop.quizzes.questions import (
    BACKWARD,
    FORMULA,
    FORWARD,
    LOCAL,
    SHARE,
    SUM,
    Question,
    asked,
)
from backprop.quizzes.tidy_inputs import tidy_variants
from backprop.quizzes.tidy_numbers import ROUNDED, TidyInput, answer_text, is_rounded
from backprop.source import one_line
from backprop.syntax import functions
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula, read

KINDS = FORWARD, LOCAL, BACKWARD
"""What an exam asks for, if nothing else is said."""

MOST_VARIANTS = 1000
MOST_QUESTIONS = 200
"""Of a sheet: an exam is written by people."""


class ExamQuestion(NamedTuple):
    """A question of a sheet with its answer.

    number: on the sheet, from 1 on. kind, of, by, name, equation, part: as of a Question. answer: as the key
    has it, a number or a formula. value: the number. rounds: whether it is asked in 4 digits. formula: by
    which the number is found, "" if it is not by one. factors: what it is the product of, or with `sum` as
    part the sum, if it is. claim: the answer as `check` reads it, "" for a value.
    """

    number: int
    kind: str
    of: str
    by: str
    name: str
    equation: str
    part: str
    answer: str
    value: float
    rounds: bool
    formula: str
    factors: tuple[float, ...]
    claim: str


class ExamGiven(NamedTuple):
    """An input of a sheet: its number, and the text that says it: `log(2) - 6`."""

    name: str
    number: float
    text: str
    chosen: bool


class ExamVariant(NamedTuple):
    """A sheet. data: the number of every name. claims: its derivatives and formulas, lines that `check`
    reads; inputs that vary and their texts are lines that `--values` reads. graph: with its numbers, to be
    filled in, as SVG or TikZ; "" for none."""

    number: int
    given: Sequence[ExamGiven]
    data: Mapping[str, float]
    questions: Sequence[ExamQuestion]
    claims: Sequence[str]
    graph: str = ""

    @property
    def values(self) -> Sequence[str]:
        """The inputs that are its own, as lines that `--values` reads."""
        return [f"{each.name} = {each.text}" for each in self.given if each.chosen]


class Exam(NamedTuple):
    """title: the first comment of the file, or its name. source: the file. equations: by name, in the
    order of the forward pass. varied: what is const, and yet has other numbers on other sheets. functions:
    those of the file that equations call, each with its right side: `h(x)`, `x^2`."""

    title: str
    source: str
    output: str
    seed: int
    equations: Sequence[tuple[str, str]]
    variants: Sequence[ExamVariant]
    varied: Sequence[str] = ()
    functions: Sequence[tuple[str, str]] = ()

    @property
    def rounds(self) -> bool:
        """Whether an answer is asked in 4 digits."""
        return any(each.rounds for variant in self.variants for each in variant.questions)

    @property
    def goes_back(self) -> bool:
        """Whether a derivative is asked for."""
        return any(each.kind != FORWARD for each in self.variants[0].questions)

    @property
    def names(self) -> set[str]:
        """All names that stand in it."""
        return {name for variant in self.variants for name in variant.data}


def make_exam(
    model: Model,
    output: str | None,
    count: int,
    seed: int,
    kinds: Collection[str] = KINDS,
    vary: Sequence[str] = (),
    kept: Mapping[str, float] = MappingProxyType({}),
    only: Collection[str] = (),
) -> Exam:
    """An exam of so many variants, no two of which have the same numbers.

    seed: the same one gives the same exam. kinds: of questions, see `questions.KINDS`. vary: constants that
    are chosen as inputs are. kept: the numbers of inputs that are not. only: names that questions are to be
    about, if not all. Raises BadOption where there are not enough tidy numbers, TooLarge, and what
    `Model.grad` raises.
    """
    output = model.output(output)
    if model.laid is not None:
        raise BadOption("an exam has no rows of data", hints=["leave --data out"])
    if not model.is_equation(output):
        hints = ["write an equation, such as L = a*b"]
        raise BadOption(f"{output} is computed from nothing", hints=hints, where=model.source.name)
    _refuse_large(model, output)
    vary = meant(vary, model.inputs, "the inputs of these equations")
    points = tidy_variants(model, output, count, Random(seed), vary, kept)
    making = _ExamMaking(model, output, kinds, kept, only)
    variants = [making.variant(at, each.inputs) for at, each in enumerate(points, 1)]
    first = asked(model, {**kept, **points[0].inputs}, output, kinds).derivation
    equations = [(step.name, step.equation) for step in first.forward]
    title, name = title_of(model.source) or "Equations", model.source.name
    varied = [each for each in points[0].inputs if each in model.held and each not in vary]
    called = _called(model, [text for _, text in equations])
    return Exam(title, name, output, seed, equations, variants, varied, called)


def _called(model: Model, texts: Sequence[str]) -> list[tuple[str, str]]:
    """The functions of a file that these formulas call, and those that these call, in the file's order."""
    own, found, texts = dict[str, tuple[str, str]](), set[str](), [*texts]
    for statement in read(model.source)[0] if model.functions else ():
        tokens, whole = statement.tokens, model.source.text
        if tokens.texts[0] in model.functions and tokens.texts[1:2] == ["("]:
            sides = [one_line(whole[each.starts[0] : each.ends[-1]]) for each in tokens.sides()]
            own[tokens.texts[0]] = sides[0], sides[-1]
    for text in texts:
        called = {name for name in own if re.search(rf"(?<!\w){re.escape(name)}\s*\(", text)}
        texts += [own[name][1] for name in sorted(called - found)]
        found |= called
    return [sides for name, sides in own.items() if name in found]


def _refuse_large(model: Model, output: str) -> None:
    """Raise TooLarge for more equations than people are asked about."""
    graph = None if model.loops else model.graph(output)
    count = sum(node in graph.labels for node in graph.steps) if graph else 0
    if not graph or count > MOST_QUESTIONS:
        many = f"{count:,} equations are" if graph else "these equations are"
        message = f"{many} more than a person is asked about in an exam"
        hints = [f"take an output of at most {MOST_QUESTIONS}: --of NAME", *fewer_members(model)]
        raise TooLarge(message, hints=hints, where=model.source.name)


def _says(text: str, number: float) -> bool:
    """Whether a text of the file is a formula of a number, and not `uniform(0, 1)` or `2 ± 0.1`."""
    try:
        return functions.evaluated(formula(text), {}) == number
    except (BackpropError, KeyError):
        return False


class _ExamMaking:
    """Makes the variants of an exam. kept, only: as of `make_exam`."""

    def __init__(
        self,
        model: Model,
        output: str,
        kinds: Collection[str],
        kept: Mapping[str, float],
        only: Collection[str],
    ) -> None:
        self._model, self._output = model, output
        self._kinds, self._kept, self._only = kinds, kept, only
        self._leads = {*model.graph(output).inputs}
        self._named = set[str]()
        """What equations name, so that it stands on the sheet: ends of ranges, which have no derivative."""

    def variant(self, number: int, inputs: Mapping[str, TidyInput]) -> ExamVariant:
        """One sheet with its key, which is confirmed."""
        where, numbers = self._model.source.name, {**self._kept, **inputs}
        found = asked(self._model, numbers, self._output, self._kinds, self._only)
        if not found.questions:
            hints = ["ask for something else: --ask forward,local,backward"]
            raise BadOption("there is nothing to ask of that kind", hints=hints, where=where)
        if len(found.questions) > MOST_QUESTIONS:
            message = (
                f"{len(found.questions):,} questions are more than a person answers in an exam"
            )
            hints = ["ask for fewer kinds: --ask backward", "or about a few names: --only NAMES"]
            raise TooLarge(message, hints=hints, where=where)
        if not self._named:
            texts = [step.equation for step in found.derivation.forward if step.equation]
            self._named.update(*(names_in(formula(each)) for each in texts))
        steps, output = _Steps(found.derivation), self._output
        questions = [
            _question(at, each, steps, output) for at, each in enumerate(found.questions, 1)
        ]
        claims = _claims(questions)
        self._confirm(numbers, number, questions, claims)
        given = [*self._given(inputs, numbers)]
        return ExamVariant(number, given, found.derivation.data, questions, claims)

    def _given(
        self, inputs: Mapping[str, TidyInput], numbers: Mapping[str, float]
    ) -> Iterator[ExamGiven]:
        model = self._model
        for name, number in numbers_of(model, numbers).items():
            if model.names[name] in self._leads or name in self._named:
                text = inputs[name].text if name in inputs else one_line(model.instance_of(name))
                text = text if _says(text, number) else exact(number)
                yield ExamGiven(name, number, text, name in numbers)

    def _confirm(
        self,
        numbers: Mapping[str, float],
        number: int,
        questions: Sequence[ExamQuestion],
        claims: Sequence[str],
    ) -> None:
        """Raise BackpropError for a key that is not right, before anything is written."""
        model, output = self._model, self._output
        at = evaluate(model, numbers, output)
        values, _, _ = exact_numbers(at.graph, at.numbers.data)
        wrong = []
        for each in questions:
            if each.kind == FORWARD:
                right, said = values(model.names[each.of]), float(each.answer)
                unit = abs(said) * (10.0 ** (1 - ROUNDED) if each.rounds else 1e-9)
                if not abs(right - said) <= unit:
                    wrong.append(each.of)
        if claims:
            found = read_claims(model, output, ["\n".join(claims)])
            sheet = mark(found[0].model, found, numbers, output, 0.0, model.seed)
            wrong += [f"{m.claim.of} by {m.claim.by}" for m in sheet.marks if not m.correct]
        if wrong:
            message = f"the key of variant {number} is not confirmed: {few(wrong)}"
            hints = ["nothing was written; take another seed: --seed 1", "and please report it"]
            raise BackpropError(message, hints=hints, where=model.source.name)


class _Steps:
    """The steps of a derivation, to look up what an answer is made of."""

    def __init__(self, found: Derivation) -> None:
        self.expanded = {step.name: step.expanded or step.equation for step in found.forward}
        self.shares = {
            (step.name, share.by): share for step in found.backward for share in step.shares
        }
        self.totals = {total.by: total for step in found.backward for total in step.totals}


def _question(at: int, question: Question, steps: _Steps, output: str) -> ExamQuestion:
    kind, of, by, name, part = (
        question.kind, question.of, question.by, question.name, question.part,
    )  # fmt: skip
    value, formula, factors = question.answer + 0.0, "", tuple[float, ...]()
    share = steps.shares.get((name, by))
    if kind == FORWARD:
        formula = steps.expanded.get(name, "")
    elif part == SUM:
        factors = tuple(steps.totals[by].shares)
    elif share and (kind != BACKWARD or name == output):
        formula = share.formula
    elif share:
        factors = share.upstream, share.local
    text = share.formula if kind == FORMULA and share else answer_text(value)
    rounds = kind != FORMULA and is_rounded(value)
    claim = "" if kind == FORWARD else _claimed(kind, of, by, name, part, output)
    return ExamQuestion(
        at,
        kind,
        of,
        by,
        name,
        question.equation,
        part,
        text,
        value,
        rounds,
        formula,
        factors,
        claim,
    )


def _claimed(kind: str, of: str, by: str, name: str, part: str, output: str) -> str:
    """The left side of a claim, as `check` reads it."""
    if part != SHARE:
        return f"∂{of}/∂{by}"
    if kind == BACKWARD and name != output:
        return f"share of ∂{of}/∂{by}: ∂{of}/∂{name} * ∂{name}/∂{by}"
    return f"share of ∂{of}/∂{by}"


def _claims(questions: Sequence[ExamQuestion]) -> list[str]:
    """What is claimed, a line each; a derivative that is asked as a formula and as a number is one claim."""
    found: dict[str, list[str]] = {}
    for each in questions:
        if each.claim:
            found.setdefault(each.claim, []).append(each.answer)
    return [" = ".join([left, *answers]) for left, answers in found.items()]
