"""A Model whose indexed equations are loops: it is unrolled only when something needs every step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import isnan
from typing import Any

import numpy

from backprop.errors import BackpropError, NotFinite, TooLarge
from backprop.graph import Columns
from backprop.language.declarations import NONE, Declarations, without_brackets
from backprop.language.definitions import look_alikes
from backprop.language.families import right
from backprop.language.laid import readable
from backprop.language.model import Model
from backprop.language.reading import Parsed, read_carefully
from backprop.loops.affine import among
from backprop.loops.derivative_rows import DerivativeRows
from backprop.loops.everything import by_code
from backprop.loops.family import Family
from backprop.loops.file_numbers import FileNumbers, entered, lacking
from backprop.loops.file_order import wholes
from backprop.loops.held import Marks
from backprop.loops.labels import Declarable, Defaults, Held, Labels, Settable
from backprop.loops.many import NotLoops
from backprop.loops.naming import MemberNames
from backprop.loops.passes import Found, gradient
from backprop.loops.plan import Plan
from backprop.loops.unmoved import check_unmoved
from backprop.loops.walks import Doubtful, EndlessSlopes
from backprop.numbers import as_double
from backprop.source import Span, one_line

FEW = 1000
"""Of what takes so few steps, unrolled, digits that rounding takes are restored, and told of."""


class LoopModel(Model):
    """A Model of loops. What needs a row of its own for every step unrolls it, and it is then the
    Model that it would have been: `columns`, a row of `names`, all that begins with these."""

    plain: type[Model] = Model
    """What it becomes."""
    found: Found | None = None
    """The last numbers of all members."""
    doubt: Exception | None = None
    """What was in doubt where the last numbers of all members were to be found, and were not."""
    kept: Sequence[str] = ()
    """The attributes that it keeps then."""

    def __init__(
        self, parsed: Parsed, plan: Plan, most: int, tell: Callable[[str], object] = lambda _: None
    ) -> None:
        self.tell = tell
        """Takes a sentence on how the text is read."""
        self.plan = self.loops = plan
        self.naming = MemberNames(plan)
        self._texts: dict[int, str] = {}
        data = parsed.laid.data if parsed.laid else ()
        self._again = parsed.source, parsed.members.seed, most, parsed.members.integers.sizes, data
        self._hidden = {*parsed.laid.columns} if parsed.laid else set[str]()
        """Columns of data, which are no inputs."""
        self.names: Mapping[str, int] = Labels(self)
        self.defaults: Mapping[str, int] = Defaults(self)
        super().__init__(
            parsed.source,
            Columns(),
            self.names,
            functions=parsed.functions,
            seed=parsed.members.seed,
            declared=self._declared(),
            warnings=[
                *look_alikes(parsed.statements),
                *parsed.members.warnings,
                *_zeros(plan),
                *parsed.notes,
            ],
        )
        del self.columns, self.repeated
        self.names, self.defaults = Labels(self), Defaults(self)
        self.laid = parsed.laid
        self.fixed = self.read_with = Held(plan, self.naming, plan.deciding)
        check_unmoved(plan)
        self.take(parsed.members.integers.sizes)
        if plan.undefined:  # others have an order of which nothing can be in doubt
            _ = plan.in_file_order

    def __getattr__(self, name: str) -> Any:
        if name == "columns":
            return self.unrolled().columns
        if name == "repeated":
            self.repeated = wholes(self.plan, self.naming.groups)
            return self.repeated
        raise AttributeError(name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copies are unrolled."""
        return self.unrolled().__reduce_ex__(protocol)

    def unrolled(self) -> Model:
        """This Model, with a row for every step of every member. Raises what reading does."""
        self.tell("unrolled after all: something asks for every step")
        try:
            whole = read_carefully(*self._again)
        except TooLarge as error:
            if isinstance(self.doubt, EndlessSlopes):
                raise _endless(self.doubt, self.source.name, error) from None
            raise
        known = {**whole.__dict__, **{name: self.__dict__.get(name) for name in self.kept}}
        self.__dict__.clear()
        self.__class__ = self.plain  # type: ignore[assignment]
        self.__dict__.update(known)
        return self

    def _put_given(self) -> None:
        self.plan.put(self.given)

    def _declared(self) -> Declarations:
        builder = self.plan.builder
        if not (builder.declarations.later or self.plan.held or builder.declarations.written):
            return NONE
        errors: list[BackpropError] = []
        found = builder.declarations.all(Declarable(self), errors)
        if errors:
            raise NotLoops("what is declared has a mistake")
        marks = {name: each for name, each in self.plan.held.items() if name not in self._hidden}
        held = Held(self.plan, self.naming, marks) if marks else ()
        return found._replace(constants=held)

    @property
    def index(self) -> dict[str, tuple[Family, int]]:
        """Each name, in the order of the file, with its family, and where it stands among the numbers of
        that."""
        return self.naming.index

    def place(self, name: str) -> tuple[Family, int] | None:
        """Where a name stands among its family's numbers; None if there is no such name."""
        family = self.plan.families.get(name.partition("[")[0])
        place = -1 if family is None else family.named(name)
        return (family, place) if family is not None and place >= 0 else None

    def kind(self, name: str) -> tuple[Family, int]:
        """As `place`. Raises KeyError if there is no such name."""
        if found := self.place(name):
            return found
        raise KeyError(name)

    def is_equation(self, name: str) -> bool:
        of, at = self.kind(name)
        return int(of.owner[at]) in self.plan.computed

    def is_differentiated(self, name: str) -> bool:
        of, at = self.kind(name)
        uses = [use for use in self.plan.used_besides if use.family == of.name]
        return self.is_equation(name) and any(at in numpy.arange(of.size)[x.places] for x in uses)

    @cached_property
    def _given(self) -> dict[str, None]:
        """The names that are not computed, in the order of the file."""
        return self._labels_of({})

    def _labels_of(self, but: Marks) -> dict[str, None]:
        """The names that are not computed, in the order of the file, without some."""
        found: dict[str, None] = {}
        for name, places in self.naming.groups:
            if name in self._hidden:
                continue
            which = self.plan.inputs_of(name)[places]
            if name in but:
                which = which & ~but[name][places]
            found |= dict.fromkeys(self.plan.families[name].labels(among(places, which)))
        return self.naming.ordered(found)

    def inputs_among(self, names: Collection[str]) -> list[str]:
        return [name for name in names if name in self._given]

    @cached_property
    def inputs(self) -> list[str]:
        return [*self._labels_of(self.plan.deciding)]

    @cached_property
    def settable(self) -> Collection[str]:
        return Settable(self)

    @cached_property
    def outputs(self) -> list[str]:
        if outputs := [name for name in self.plan.unused() if self.is_equation(name)]:
            return self.laid.single(outputs) if self.laid else outputs
        return [name for name in self.names if name not in self.still]

    def _slips(self) -> Iterator[tuple[str, str]]:
        from backprop.loops.slips import slips  # for a mistake only

        return slips(self.plan, self.naming)

    def default(self, name: str) -> float:
        of, at = self.kind(name)
        return float(self.plan.defaults[of.name][at])

    def default_numbers(self) -> dict[str, float]:
        return self.naming.defaults(self._hidden)

    def equation(self, name: str) -> Span | None:
        of, at = self.kind(name)
        number = int(of.owner[at])
        if number < 0:
            return None
        loop = self.plan.loops[number]
        return right(loop.statement, self.plan.last(loop))

    def text_of(self, name: str) -> str:
        of, at = self.kind(name)
        number = int(of.owner[at])
        if number not in self._texts:
            self._texts[number] = ""
            if number >= 0:
                loop = self.plan.loops[number]
                text = one_line(right(loop.statement, self.plan.last(loop)).text)
                self._texts[number] = readable(self.laid, text)
        text = self._texts[number]
        return without_brackets(text) if name in self.uncertainties else text

    def instance_of(self, name: str) -> str:
        of, at = self.kind(name)
        number = int(of.owner[at])
        if number < 0 or not of.dimensions:
            return self.text_of(name)
        from backprop.language.members import member_text

        loop = self.plan.loops[number]
        span = right(loop.statement, self.plan.last(loop))
        text = member_text(loop.statement.tokens.whole, span, name, self.laid)
        return without_brackets(text) if name in self.uncertainties else text

    def numbers(self, values: Mapping[str, float]) -> dict[str, FileNumbers]:
        """The numbers of all inputs, nan where there is none; not to be written. values: those that are
        given. Raises NotLoops where one has no place here."""
        found = {**self.plan.defaults}
        if any(map(self.fixed.__contains__, values)):
            raise NotLoops("a number is given that decides about indices")
        for of, places, names in self.plan.places_of(values):
            if not self.plan.inputs_of(of.name)[places].all():
                raise NotLoops(f"{names[0]}, or another one of these, is no input")
            given = [as_double(values[name]) for name in names]
            found[of.name] = entered(found[of.name].copy(), places, given)
        return found

    def leading(self, output: str) -> set[str]:
        of, at = self.kind(output)
        reached = self.plan.reached(of.name, at)
        found: set[str] = set()
        for name, family in self.plan.families.items():
            inputs = self.plan.inputs_of(name)
            if name in self._hidden:
                continue
            found.update(family.labels(numpy.flatnonzero(inputs & reached[name][:-1])))
        return found

    def givers(self, names: Iterable[str]) -> Iterator[str]:
        found: dict[tuple[str, int], str] = {}
        for name in names:
            of, at = self.kind(name)
            if of.dimensions and not isnan(self.plan.defaults[of.name][at]):
                found[of.name, int(of.owner[at])] = name
        for (_, number), name in found.items():
            if not self.plan.loops[number].statement.shape.drawn:
                yield name

    def by_names(
        self,
        values: Mapping[str, float],
        output: str,
        names: Sequence[str],
        wrt: Sequence[str] = (),
    ) -> tuple[dict[str, float], dict[str, float]] | None:
        self.found = found = self.swept(values, output, False)
        if found is None:
            return None
        kinds = [(name, *self.kind(name)) for name in names]
        data = {name: float(found.values[of.name][at]) for name, of, at in kinds}
        return data, self.slopes(found, names)

    def slopes(self, found: Found, names: Sequence[str]) -> dict[str, float]:
        """The gradients of those of some names that lead to the output."""
        kinds = [(name, *self.kind(name)) for name in names]
        return {
            name: float(found.gradients[of.name][at])
            for name, of, at in kinds
            if found.reached[of.name][at]
        }

    def named(
        self, found: Found, wrt: Sequence[str] = ()
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Values and gradients by the names of members. wrt: gradients by these alone, if any."""
        data: dict[str, float] = {}
        gradients = self.slopes(found, wrt)
        for (name, places), labels in zip(self.naming.groups, self.naming.listed, strict=True):
            data.update(zip(labels, found.values[name][places].tolist(), strict=True))
            if wrt:
                continue
            reached = found.reached[name][places]
            slopes = found.gradients[name][places]
            if not reached.all():
                labels = self.plan.families[name].labels(among(places, reached))
                slopes = slopes[reached]
            gradients.update(zip(labels, slopes.tolist(), strict=True))
        return self.naming.ordered(data), self.naming.ordered(gradients)

    def leads_few(self, output: str) -> bool:
        """Whether so few steps lead to an output that they are looked at one by one."""
        of, at = self.kind(output)
        self.plan.reached(of.name, at)
        return self.plan.leading <= FEW

    def swept(self, values: Mapping[str, float], of: str, noted: bool = True) -> Found | None:
        """Values and gradients of all members; None where the unrolled graph has to say what is so, or,
        if this is noted, what a note is due for."""
        output, at = self.kind(of)
        plan = self.plan
        try:
            numbers = self.numbers(values)
            for name in plan.families:  # also those that the output does not need
                if lacking(numbers[name], plan.inputs_of(name)):
                    return None
            plan.reached(output.name, at)
            if noted and plan.leading <= FEW:  # see `leads_few`
                return None
            try:
                if found := by_code(plan, numbers, output.name, at, noted, self.engine):
                    self.slow = ""
                    return found
            except NotLoops as error:
                self.slow = error.reason
            return gradient(plan, numbers, output.name, at, noted=noted)
        except (NotLoops, Doubtful, TypeError, ValueError, OverflowError) as error:
            self.doubt = error
            return None


def _endless(found: EndlessSlopes, where: str, limit: TooLarge) -> NotFinite:
    """The error for gradients that are no finite numbers, of a text that cannot be unrolled to find the
    step where they begin. limit: says so."""
    message = f"the gradient by {found.first} is no finite number"
    if found.count > 1:
        message += f", nor are those by {found.count - 1:,} other names"
    hints = ["it overflows on the way, or a slope is infinite", *limit.hints]
    return NotFinite(message, where=where, hints=hints)


def _zeros(plan: Plan) -> Sequence[BackpropError]:
    """What is said of derivatives that are 0."""
    rows = plan.builder.derivatives
    return rows.zeros.warnings() if isinstance(rows, DerivativeRows) else ()
