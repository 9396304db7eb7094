"""Points at which formulas are compared with a derivative: the given one, and random ones around it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from itertools import islice
from math import isfinite, prod
from random import Random
from types import MappingProxyType

from backprop.algebra.formula import Formula, written
from backprop.checks.beyond import agree
from backprop.checks.claims import Claim
from backprop.checks.rounding import gradient_noise, value_noise
from backprop.engine.writers.formulas import Formulas
from backprop.evaluation.diagnosis import has_value
from backprop.evaluation.looks import LARGEST
from backprop.evaluation.precise import Precise
from backprop.evaluation.unrounded import Unrounded, unrounded
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.declarations import FREE
from backprop.language.links import reaches
from backprop.numbers import Wide, rounded
from backprop.operations import CONSTANTS, OPERATIONS
from backprop.special import context
from backprop.syntax import functions
from backprop.syntax.functions import branches
from backprop.syntax.notation import names_in
from backprop.syntax.parser import formula
from backprop.values import Numbers, by_names, derivatives, forward, local_slopes

_LONG = 200
"""The most characters of a derivative of which the textbook's form is looked at."""

_MOST = 20
"""Random points for a formula."""

_MOVED = 4
"""Of these those at which constants move."""

_DIGITS = 60
"""What a number is computed with that no double holds."""

_TRIES = 300
_LARGE = 50_000
"""Nodes: for larger graphs there are fewer points, and fewer tries."""


class Subject:
    """One name with all claims about its derivatives.

    graph: what leads to the name. start: the numbers of all at the given point. data: the inputs'
    numbers there; gradients: of names, which are nodes, by every node of the Model, those of the
    name itself and of those whose derivatives stand in the claims, as far as they have a value.
    slopes: the derivatives in the claims.
    """

    def __init__(
        self,
        model: Model,
        name: str,
        claims: Sequence[Claim],
        data: Sequence[float],
        gradients: Mapping[int, Sequence[float]],
    ) -> None:
        self.model = model
        columns, labels = claims[0].graph.columns, model.labels
        self.graph = Graph(columns, [model.names[name]], labels)
        roots = [root for claim in claims for root in claim.roots]
        whole = Graph(columns, [self.graph.output, *roots], labels)
        self.slopes = {
            node: claims[0].slopes[node] for node in whole.inputs if node in claims[0].slopes
        }
        derived = dict.fromkeys([self.graph.output, *(each.of for each in self.slopes.values())])
        total = {each.of for each in self.slopes.values() if not each.direct}
        total.add(self.graph.output)
        self._derived = {node: Graph(columns, [node], labels) for node in derived if node in total}
        self._all = names = Graph(columns, derived, labels)
        both = Graph(columns, [*derived, *whole.outputs], labels)
        wide = {node: number for claim in claims for node, number in claim.wide.items()}
        self._inputs = [node for node in both.inputs if node not in {*self.slopes, *wide}]
        self._names, self._rest = names.steps, [step for step in whole.steps if step not in names]
        self._numbers = columns.start()
        for node, number in wide.items():
            self._numbers[node] = float(number)
        self._known = gradients
        self._local: dict[int, Local] = {}
        # the gradients that `grad` gives, whatever it knows besides the chain rule
        self.start = self._at({node: data[node] for node in self._inputs}, gradients)

    def _at(
        self,
        inputs: Mapping[int, float],
        known: Mapping[int, Sequence[float]] = MappingProxyType({}),
    ) -> Numbers:
        """The name and the claims about it at a point, and the derivatives of the name. known: the
        gradients that are known there."""
        data = [*self._numbers]
        for node, number in inputs.items():
            data[node] = number
        forward(self.graph, self._names, data)
        gradients = {node: derivatives(graph, data) for node, graph in self._derived.items()}
        for node in gradients.keys() & known.keys():
            gradients[node][: len(known[node])] = known[node]
        for node, slope in self.slopes.items():
            data[node] = slope.at(self._graph(slope.of), data, gradients, bool(known))
        forward(self.graph, self._rest, data)
        return Numbers(data, gradients[self.graph.output])

    def _graph(self, node: int) -> Graph:
        """A graph in which a node is: its own, where its gradient is asked for."""
        return self._derived.get(node, self._all)

    def exactly(self, claim: Claim, by: int) -> tuple[float, float] | None:
        """What is claimed at the given point, and what is right there, both as they are if numbers
        have no limits; None where all that is in them are doubles, or where that is not known."""
        data, known, right = self.start.data, self._known.get(self.graph.output), 0.0
        graph = Graph(claim.graph.columns, claim.roots, self.model.labels)
        numbers: dict[int, float] = dict(claim.wide)
        for node in self.slopes.keys() & {*graph.inputs}:
            slope = self.slopes[node]
            numbers[node] = slope.exactly(self._graph(slope.of), data, self._known)
        if claim.truth < 0 and known and by in self.graph:
            right = Unrounded(self.graph, data, [*known]).gradient(by)
        if not any(isinstance(each, Wide) for each in (*numbers.values(), right)):
            return None
        mpf = context(_DIGITS).mpf
        exact = dict(zip(graph.order, map(data.__getitem__, graph.order), strict=True))
        for node, number in numbers.items():
            if isinstance(number, Wide):
                exact[node] = mpf(str(number.exact))
        values = Precise(graph, exact, _DIGITS, LARGEST)
        right = unrounded(values.value(claim.truth)) if claim.truth >= 0 else right
        return unrounded(values.value(claim.graph.output)), right

    def part_noise(self, claim: Claim, point: Numbers) -> float:
        """How far rounding may move the part of a derivative that a claim is about: a product of slopes."""
        data = point.data
        inputs = Graph(claim.graph.columns, [claim.truth], self.model.labels).inputs
        slopes = {node: self.slopes[node] for node in inputs}
        total = 0.0
        for node, slope in slopes.items():
            if slope.of == slope.by:
                continue
            graph = self._graph(slope.of)
            if slope.direct:
                graph = graph.alone(slope.of)
            there = Numbers(data, derivatives(graph, data))
            others = prod(data[each] for each in slopes if each != node)
            total += abs(others) * gradient_noise(graph, there, [slope.by])[slope.by]
        return total

    def held(self, claim: Claim) -> list[int]:
        """The inputs in a claim that no random point moves: constants, and those with bounds that
        are one number."""
        model = self.model
        names = {name for name, (low, high) in model.bounds.items() if low == high}
        nodes = {model.names[name] for name in names.union(model.constants)}
        return sorted(nodes.intersection(claim.graph.inputs, self._inputs))

    def points(self, seed: int, moved: Collection[int] = ()) -> Iterator[Numbers]:
        """Random points other than the given one, at which the name has a value. Constants stay, and
        inputs stay within their bounds, all but those in `moved`."""
        start = {node: self.start.data[node] for node in self._inputs}
        model = self.model
        bounds = dict.fromkeys(start, FREE)
        bounds |= {model.names[name]: ends for name, ends in model.bounds.items()}
        constants = (model.names[name] for name in model.constants)
        bounds |= {node: (start[node], start[node]) for node in constants if node in start}
        bounds |= dict.fromkeys(moved, FREE)
        random = Random(f"{seed} {self.graph.label(self.graph.output)}")
        tries = _TRIES if len(self.graph.order) <= _LARGE else 5
        for number in range(tries if start else 0):
            wide = random.choice((0.1, 1.0, 3.0)) if number < _TRIES // 2 else 0.01
            keep = 0.1 if number < _TRIES // 4 else 0.5
            inputs = {
                node: _within(bounds[node], at, _near(at, wide, keep, random), random)
                for node, at in start.items()
            }
            if inputs != start:
                found = self._at(inputs)
                if has_value(self.graph, self.graph.order, found.data):
                    yield found

    def local(self, point: Numbers) -> "Local":
        """What is known of single equations at a point, by all claims together."""
        return self._local.setdefault(id(point.data), Local(self, point.data))

    def named(self, point: Numbers) -> dict[str, float]:
        """The inputs of a point by name."""
        return {self.graph.label(node): point.data[node] for node in self._inputs}


class Local(dict[int, dict[int, float]]):
    """The derivatives of equations by the names in them at a point, by equation: each is found when
    it is first asked for, and once.

    formulas: of an equation, the same as formulas, as textbooks write them where that has its number.
    """

    def __init__(self, subject: Subject, data: list[float]) -> None:
        self._graph, self._data = subject.graph, data
        model = subject.model
        made = partial(Formulas, self._graph, data, model.labels, model.names)
        self._accurate, self._textbook = made(), made(textbook=True)
        self._known = {**CONSTANTS, **{name: data[node] for node, name in model.labels.items()}}
        self.formulas = cache(self._formulas)

    def _formulas(self, equation: int) -> dict[int, Formula | None]:
        found, numbers = self._textbook.partials(equation), self[equation]
        if all(self._has(each, numbers[node]) for node, each in found.items()):
            return found
        others = self._accurate.partials(equation)
        return {
            node: each if self._has(each, numbers[node]) else others[node]
            for node, each in found.items()
        }

    def _has(self, found: Formula | None, number: float) -> bool:
        """Whether a formula has this number here: 1 - h^2 loses the digits of sech(z)^2 far out."""
        text = formula(written(found, _LONG) or "0/0")
        if not names_in(text) <= self._known.keys():
            return False
        value = functions.evaluated(text, self._known)
        return isfinite(value) and abs(value - number) <= 1e-9 * max(abs(value), abs(number))

    def __missing__(self, equation: int) -> dict[int, float]:
        found = self[equation] = by_names(self._graph, equation, self._data)
        return found

    @cached_property
    def branches(self) -> list[bool]:
        """Which branches are taken, by the conditions in slopes, and by the slopes of what has a
        corner: whether they are 0, and their signs."""
        found: list[bool] = []
        for step in self._graph.steps:
            op, data = self._graph.op(step), self._data
            row, numbers = OPERATIONS[op], [data[each] for each in self._graph.operands(step)]
            found += [bool(holds(*numbers, data[step])) for holds in branches(row.name)]
            if row.corner or row.says:
                slopes = local_slopes(self._graph, step, data)
                found += [holds for slope in slopes for holds in (slope == 0, slope < 0)]
        return found


class Answer:
    """A claim beside the derivative that it is about, and what is known of it so far.

    tolerance: how far a number may be off, relative. here: whether it is right at the given point.
    points: at how many others it was tried. wrong: the points at which it is not right. tested: all
    the points at which both numbers have a value. held: the inputs that had to stay where they are.
    beyond: both numbers at the given point where doubles do not hold them; None where they do.
    """

    def __init__(self, subject: Subject, claim: Claim, tolerance: float) -> None:
        self.subject = subject
        self.graph = subject.graph
        self.claim = claim
        self.by = subject.model.names[claim.by]
        self.tolerance = tolerance
        self.beyond: tuple[float, float] | None = None
        self.here = self._agrees(subject.start)
        if claim.wide or not self.here:
            self.beyond = subject.exactly(claim, self.by)
        if self.beyond:
            part, off = max(1e-7 if claim.formula else 1e-9, tolerance), claim.rounding
            if claim.wide:
                part, off = max(part, off), 0.0
            self.here = agree(*self.beyond, part, off) or (self.here and not claim.wide)
        self.points = 0
        self.wrong = [] if self.here else [subject.start]
        self.tested = [subject.start] if self.whole(subject.start) else []
        self.held: Sequence[int] = ()

    def with_moved(self, seed: int) -> "Answer":
        """What is known of the claim at points where also moves what else cannot, if the formula is
        right only as long as that stays where it is; in all other cases this answer itself."""
        held = self.subject.held(self.claim) if self.claim.formula and not self.wrong else ()
        for moved in (*([node] for node in held), held) if held else ():  # one that matters alone
            found = Answer(self.subject, self.claim, self.tolerance)
            found.held = moved
            for point in self.subject.points(seed, moved):
                if not found.try_at(point):
                    break
            if found.wrong:
                if self.by not in moved:  # what is said of other points is of those without that
                    found.counts = self.counts
                return found
        return self

    def moved_points(self) -> list[Numbers]:
        """A few points at which the constants move that the claim has in it, for what is said of it."""
        held = self.subject.held(self.claim) if self.claim.formula else []
        points = filter(self.whole, self.subject.points(0, held)) if held else ()
        return [*islice(points, _MOVED)]

    def try_at(self, point: Numbers) -> bool:
        """Compare both at another point, if they have a value there; whether to try a further one."""
        if self.whole(point):
            self.points += 1
            self.tested.append(point)
            if not self._agrees(point):
                self.wrong.append(point)
        return self.points < _MOST

    @cached_property
    def counts(self) -> tuple[int, int]:
        """At how many other points it was tried, and at how many it was right."""
        return self.points, self.points - len(self.wrong) + (not self.here)

    def right(self, point: Numbers) -> float:
        truth = self.claim.truth
        return (point.gradients[self.by] if truth < 0 else point.data[truth]) + 0.0

    def claimed(self, point: Numbers) -> float:
        return point.data[self.claim.graph.output] + 0.0

    def both(self, point: Numbers) -> tuple[float, float]:
        if self.beyond and point is self.subject.start:
            return self.beyond
        return self.claimed(point), self.right(point)

    def whole(self, point: Numbers) -> bool:
        """Whether there are two numbers to compare."""
        there = has_value(self.claim.graph, self.claim.graph.order, point.data)
        return there and isfinite(self.right(point))

    def _agrees(self, point: Numbers) -> bool:
        """Whether the claim is right here: as far as it is written out, and as rounding lets it be."""
        claimed, right = self.both(point)
        if self.same(claimed, right, self.tolerance):
            return True
        formula, data = self.claim.graph, point.data
        if not (self.claim.formula or self.claim.wide) and reaches(
            formula.columns, formula.output, self.claim.place.source, right, 0.0
        ):
            return True
        numbers = [*map(data.__getitem__, formula.order)]
        numbers += map(point.gradients.__getitem__, self.graph.order)
        numbers += map(data.__getitem__, self.graph.order if self.claim.truth >= 0 else ())
        off = abs(claimed - right)
        if not off <= 1e-9 * max(map(abs, filter(isfinite, numbers)), default=0.0):
            return False  # no rounding does that
        noise = value_noise(formula, formula.steps, [*data], claimed)
        if self.claim.truth == self.graph.output:  # a value, and no derivative
            noise += value_noise(self.graph, self.graph.steps, [*data], right)
        elif self.claim.truth >= 0:
            noise += self.subject.part_noise(self.claim, point)
        elif self.by in self.graph:
            noise += gradient_noise(self.graph, point, [self.by])[self.by]
        return off <= 8 * noise

    def same(self, claimed: float, right: float, tolerance: float = 0.0) -> bool:
        """Whether a number is another one as far as this claim is written out."""
        return self.claim.is_as_written(claimed, right, tolerance)


def _within(bounds: tuple[float, float], at: float, moved: float, random: Random) -> float:
    """What `at` has moved to, or, where that is beyond its bounds, a number on the way."""
    low, high = bounds
    if low <= moved <= high or at != at:
        return moved
    on_the_way = rounded(at + random.random() * ((low if moved < low else high) - at), 3)
    return on_the_way if low <= on_the_way <= high else at


def _near(at: float, wide: float, keep: float, random: Random) -> float:
    """A number of few digits around `at`, or `at` itself: an order or an exponent may have to stay."""
    moved = at + wide * random.gauss() * (abs(at) or 1.0)
    return at if random.random() < keep or not isfinite(moved) else rounded(moved, 3)
