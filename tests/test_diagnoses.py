"""What `check` says of a wrong derivative is so: wrong ones are made by one mistake in a rule, and what
is said of them is put right with numbers that come from dual numbers and not from the program."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

import backprop as library
from backprop.checks import mark, read_claims
from backprop.errors import BackpropError

Tree = Any
"""A name, a number as a text, or an operation and its operands."""

FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sin": (math.sin, math.cos), "cos": (math.cos, lambda x: -math.sin(x)), "exp": (math.exp, math.exp),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2), "log": (math.log, lambda x: 1 / x),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)), "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "abs": (abs, lambda x: float((x > 0) - (x < 0))),
}  # fmt: skip
OUTER = {
    "sin": "cos({})", "cos": "(-sin({}))", "exp": "exp({})", "tanh": "(1-tanh({})^2)", "log": "1/({})",
    "sqrt": "1/(2*sqrt({}))", "relu": "if({}>0,1,0)", "abs": "sign({})",
}  # fmt: skip
BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


def tree(random: Random, names: str, depth: int) -> Tree:
    def inner() -> Tree:
        return tree(random, names, depth - 1)

    if depth == 0 or random.random() < 0.15:
        return random.choice(names) if random.random() < 0.85 else random.choice("235")
    kind = random.choices(("*", "+", "/", "^", "f", "max"), (5, 3, 3, 4, 5, 1))[0]
    if kind == "^":
        return "^", inner(), random.choice("234")
    if kind == "f":
        return random.choice([*FUNCTIONS]), inner()
    return random.choice("+-") if kind == "+" else kind, inner(), inner()


def text(t: Tree, around: int = 0, right: bool = False) -> str:
    if isinstance(t, str):
        return t
    op, *parts = t
    if op not in BINDING:
        return f"{op}({','.join(map(text, parts))})"
    binds = BINDING[op]
    made = f"{text(parts[0], binds, op == '^')}{op}{text(parts[1], binds, True)}"
    return f"({made})" if binds < around or (binds == around and right) else made


def uses(t: Tree, name: str) -> bool:
    return t == name if isinstance(t, str) else any(uses(each, name) for each in t[1:])


def product(*factors: str) -> str:
    if "0" in factors:
        return "0"
    return "*".join(f"({each})" for each in factors if each != "1") or "1"


@dataclass
class Differentiation:
    """The derivative of a formula by x as a text, in which one rule is applied with a mistake."""

    random: Random
    at: int
    names: dict[str, Tree] = field(default_factory=dict)
    rules: int = 0
    mistake: str = ""

    def rule(self, *mistakes: str) -> str:
        self.rules += 1
        if self.rules - 1 == self.at:
            self.mistake = self.random.choice(mistakes)
            return self.mistake
        return ""

    def by_x(self, t: Tree) -> str:
        if isinstance(t, str):
            return "1" if t == "x" else self.by_x(self.names[t]) if t in self.names else "0"
        op, first, *others = t
        first_too, text_ = self.moves(first), text(first)
        if op in FUNCTIONS:
            if not first_too:
                return "0"
            found = self.rule("inner", "outer", "value", "sign")
            slope, below = OUTER[op].format(text_), self.by_x(first)
            made = {"inner": slope, "outer": below, "value": product(text(t), below)}
            return made.get(found, product(slope, below, *(["-1"] if found else [])))
        other = others[0]
        both = first_too and self.moves(other)
        if not first_too and not self.moves(other):
            return "0"
        if op == "^":
            found = self.rule("power", "factor", "base", "inner", "one more")
            n, below = int(other), self.by_x(first)
            base = f"({text_})^{n + (found == 'one more') - (found != 'power')}"
            lost = {"factor": (base, below), "base": (str(n), below), "inner": (str(n), base)}
            return product(*lost.get(found, (str(n), base, below)))
        if op == "max":
            found = self.rule("both") if both else ""
            parts = self.by_x(first), self.by_x(other)
            taken = f"if({text_}>={text(other)},{parts[0]},{parts[1]})"
            return taken if not found else f"({parts[0]})+({parts[1]})"
        found = self.rule("first", "second", "sign") if both else ""
        if op in "+-":
            parts = self.by_x(first), self.by_x(other)
            sign = op if found != "sign" else "-+"[op == "-"]
        else:
            found = found or self.rule("no factor", "square")
            left, right = (text(other), text_) if found != "no factor" else ("1", "1")
            parts = product(self.by_x(first), left), product(right, self.by_x(other))
            sign = "+" if (op == "*") != (found == "sign") else "-"
        alone = {"first": parts[0], "second": parts[1]}
        whole = alone.get(found, f"({parts[0]}){sign}({parts[1]})")
        return (
            whole if op != "/" else f"({whole})/({text(other)}){'' if found == 'square' else '^2'}"
        )

    def moves(self, t: Tree) -> bool:
        return uses(t, "x") or any(
            uses(t, name) and self.moves(self.names[name]) for name in self.names
        )


Dual = tuple[float, float]


@dataclass
class Point:
    """The numbers of a point, and derivatives by dual numbers. equations: in their order."""

    equations: dict[str, Tree]
    at: dict[str, float]

    def dual(self, name: str, seed: tuple[Any, ...], where: tuple[Any, ...] = ()) -> Dual:
        """The value and the derivative by `seed`, an input or a place of an equation. where: the place
        whose number is wanted, instead of that of `name`."""
        known: dict[str, Dual] = {n: (v, float((n,) == seed)) for n, v in self.at.items()}
        found: dict[tuple[Any, ...], Dual] = {}

        def compute(t: Tree, place: tuple[Any, ...]) -> Dual:
            if isinstance(t, str):
                value, slope = known.get(t) or (float(t), 0.0)
            else:
                op, *parts = t
                (a, da), *rest = (compute(each, (*place, n)) for n, each in enumerate(parts))
                b, db = rest[0] if rest else (0.0, 0.0)
                if op in FUNCTIONS:
                    value, slope = FUNCTIONS[op][0](a), FUNCTIONS[op][1](a) * da
                elif op == "^":
                    value, slope = a**b, b * a ** (b - 1) * da
                elif op == "max":
                    value, slope = (a, da) if a >= b else (b, db)
                elif op in "+-":
                    sign = 1 if op == "+" else -1
                    value, slope = a + sign * b, da + sign * db
                else:
                    value, slope = (
                        (a * b, da * b + a * db) if op == "*" else (a / b, da / b - a * db / b**2)
                    )
            found[place] = value, 1.0 if place == seed else slope
            return found[place]

        for equation, t in self.equations.items():
            known[equation] = compute(t, (equation,))
        return found[where] if where else known[name]

    def places(self) -> Iterator[tuple[tuple[Any, ...], Tree]]:
        """Every place of every equation, and what stands there."""
        waiting = [((name,), t) for name, t in self.equations.items()]
        for place, t in waiting:
            yield place, t
            waiting += (
                [((*place, n), each) for n, each in enumerate(t[1:])]
                if isinstance(t, tuple)
                else []
            )

    def called(self, said: str) -> list[tuple[Any, ...]]:
        """The places of what a sentence calls so: an equation `u = x*y`, a step, a name."""
        plain = said.replace(" ", "")
        return [
            place
            for place, t in self.places()
            if text(t) == plain or (len(place) == 1 and plain in (place[0], f"{place[0]}={text(t)}"))
        ]  # fmt: skip


_EDGE = r"the derivative of (?P<s>.+?) with respect to (?P<n>[^ ]+)(?: inside .*?)?"
TRUTHS: list[tuple[str, Callable[..., float]]] = [
    (r"a sign error$", lambda c, **_: -c),
    (rf"a sign error in {_EDGE}, ", lambda c, base, slope, **_: c + 2 * base * slope),
    (rf"{_EDGE}, (?:.* = )?[^ ]*, is missing$", lambda c, base, slope, **_: c - base + base * slope),
    (rf"{_EDGE} is 0 here, and the claim has 1$", lambda c, base, slope, **_: c - base + (slope and math.nan)),
    (rf"{_EDGE}, (?:.* = )?[^ ]*, is upside down$", lambda c, base, slope, **_: c - base / slope + base * slope),
    (rf"{_EDGE}, (?:.* = )?[^ ]*, is divided by (?P<f>[^ ]+)", lambda c, base, slope, f, **_: c - base * slope / f + base * slope),
    (rf"in {_EDGE}, [^ ]*, the factor (?P<f>[^ ]+)(?: = [^ ]*)? is missing$", lambda c, base, slope, f, **_: c - base * slope / f + base * slope),
    (rf"in {_EDGE}, [^ ]*, the factor (?P<f>[^ ]+)(?: = [^ ]*)? is too many$", lambda c, base, slope, f, **_: c - base * slope * f + base * slope),
    (rf"in {_EDGE}, [^ ]*, the power of .* is missing$", lambda c, base, slope, exponent, **_: c - base * exponent + base * slope),
    (rf"the value of .*, [^ ]*, stands in place of {_EDGE}, ", lambda c, base, slope, value, **_: c - base * value + base * slope),
    (r"the share through (?P<s>.+), [^ ]*, is forgotten$", lambda c, base, slope, **_: c + base * slope),
    (r"this is only the share through (?P<s>.+); others are forgotten$", lambda c, base, slope, right, **_: right if c == pytest.approx(base * slope, rel=1e-6) else math.nan),
    (r"this is the value of (?P<v>.+)$", lambda c, v, right, **_: right if c == pytest.approx(v, rel=1e-6) else math.nan),
    (r"this is 1 divided by the derivative$", lambda c, **_: 1 / c),
    (r"this is the derivative squared$", lambda c, right, **_: math.copysign(math.sqrt(c), right)),
    (r"this is (?P<w>.+) the derivative$", lambda c, w, **_: c / {"twice": 2, "half": 0.5, "three times": 3, "a third of": 1/3, "four times": 4, "a quarter of": 0.25, "−2 times": -2, "−1/2 times": -0.5}[w]),
    (r"(?:the (?:outer|inner) derivative is missing: that of (?P<a>.+) with respect to (?P<b>[^ ]+), )", lambda c, ab, **_: c * ab),
    (r"(?:it stops too early|the local derivative is missing): this is ∂.*; the factor ∂(?P<a>.+)/∂(?P<b>.+) = .* is missing$", lambda c, ab, **_: c * ab),
    (r"L does depend on x", lambda c, right, **_: right if c == 0 else math.nan),
    (r"the local derivative of .+ with respect to (?P<n>.+) is .+, the claim has .+$", lambda c, right, **_: right),
]  # fmt: skip


def put_right(said: str, claimed: float, right: float, point: Point) -> list[float]:
    """The derivative that a claim becomes when what is said of it is put right: for each place that
    may be meant. Raises StopIteration for a sentence that is not known here."""
    found, truth = next((f, truth) for known, truth in TRUTHS if (f := re.match(known, said)))
    words = found.groupdict()
    values: dict[str, Any] = {"c": claimed, "right": right, **words}
    numbers = {"L": point.dual("L", ()), **{n: (v, 0.0) for n, v in point.at.items()}}
    for key in {"f", "v"} & words.keys():
        if words[key] in numbers:
            values[key] = numbers[words[key]][0]
        else:
            places = point.called(words[key])
            values[key] = point.dual("L", (), places[0])[0] if places else float(words[key])
    if "a" in words:
        above = point.called(words["a"])[0]
        below = ("x",) if words["b"] == "x" else point.called(words["b"])[0]
        values["ab"] = point.dual("L", below, above)[1]
    if "s" not in words:
        return [truth(**values)]
    answers: list[float] = []
    for place in point.called(words["s"]):
        value, whole = point.dual("L", (), place)[0], point.dual("L", place)[1]
        inside = {p: t for p, t in point.places() if p[: len(place)] == place}
        operands = [p for p, t in inside.items() if len(p) == len(place) + 1]
        if "n" in words:
            operands = [p for p in operands if p in point.called(words["n"])]
        exponent = next(
            (float(t) for p, t in inside.items() if p == (*place, 1) and t in {*"234"}), math.nan
        )
        edges = [(point.dual("L", ("x",), p)[1], point.dual("L", p, place)[1]) for p in operands]
        leaves = {
            t for t in inside.values() if isinstance(t, str) and (t == "x" or t in point.equations)
        }
        leaves &= {words.get("n")} if "n" in words else leaves
        for leaf in leaves:  # an equation by a name in it, all its uses together
            ends = [p for p, t in inside.items() if t == leaf]
            below = 1.0 if leaf == "x" else point.dual(leaf, ("x",))[1]
            edges.append((below, sum(point.dual("L", p, place)[1] for p in ends)))
        for below, slope in edges:
            with_edge = {
                **values,
                "base": whole * below,
                "slope": slope,
                "value": value,
                "exponent": exponent,
            }
            try:
                answers.append(truth(**with_edge))
            except ZeroDivisionError:
                continue
    return answers


BEFORE = (
    "it is right only at c = 2: ", "as a formula it is another one",
    "it is right only where the same branches are taken as at the given point", ": ",
    "where the same branches are taken as at this point: ",
)  # fmt: skip
BASE = {"x": 1.3, "y": 0.7, "c": 2.0}


def wrong(seed: int) -> tuple[dict[str, Tree], str, bool]:
    """Equations, a derivative of L by x with one mistake, and whether c is const."""
    random = Random(seed)
    while True:
        equations = {"L": tree(random, "xxyc", random.choice((1, 2, 3)))}
        if random.random() < 0.4:
            equations = {"u": tree(random, "xxyc", 2), "L": tree(random, "uuxyc", 2)}
            if not uses(equations["L"], "u"):
                continue
        names = {n: t for n, t in equations.items() if n != "L"}
        whole = Differentiation(random, -1, names)
        whole.by_x(equations["L"])
        if whole.rules:
            made = Differentiation(random, random.randrange(whole.rules), names)
            claim = made.by_x(equations["L"])
            return equations, claim, random.random() < 0.3


def near(seed: int, kept: set[str]) -> dict[str, float]:
    random = Random(f"{seed} near")
    return {n: v if n in kept else v * random.uniform(0.97, 1.03) for n, v in BASE.items()}


def judged(seed: int, number: bool = False) -> tuple[str, str]:
    """The mistake that `check` sees in a wrong derivative, and what is untrue of what it says; number:
    of the number that the derivative is. Nothing is said of "right"."""
    equations, claim, const = wrong(seed)
    const = const and any(uses(t, "c") for t in equations.values())
    file = "; ".join(f"{n} = {text(t)}" for n, t in equations.items())
    file += "; const c = 2" if const else ""
    given = {n: v for n, v in BASE.items() if not (const and n == "c")}
    try:
        model = library.parse(file)
        given = {n: v for n, v in given.items() if n in model.names}
        if number:
            whole = library.parse(f"{file}; claim_ = {claim}")
            claim = f"{whole.grad(given, 'claim_').value:#.16g}"
        marked = mark(model, read_claims(model, "L", [f"dL/dx = {claim}"]), given, "L").marks[0]
    except (BackpropError, OverflowError):
        return "no value", ""
    said = marked.diagnosis
    for before in BEFORE:
        said = said.removeprefix(before)
    if not said or marked.kind in ("coincidence", "no value"):
        return marked.kind or "nothing said", ""
    start = dict(marked.example or {})
    for each in range(3):
        kept = {
            n for n in BASE if number or (const and n == "c" and not re.search(r"\bc\b", claim))
        }
        at = {
            n: v * (near(each, kept)[n] / BASE[n])
            for n, v in {**BASE, **start}.items()
            if n in BASE
        }
        point = Point(equations, at)
        try:
            right = point.dual("L", ("x",))[1]
            asked = library.parse(
                f"claim_ = {claim}; " + "; ".join(f"{n} = {text(t)}" for n, t in equations.items())
            )
            claimed = asked.grad({n: v for n, v in at.items() if n in asked.inputs}, "claim_").value
            answers = put_right(said, claimed, right, point)
        except (BackpropError, ValueError, ZeroDivisionError, OverflowError):
            continue
        if not any(answer == pytest.approx(right, rel=1e-6, abs=1e-9) for answer in answers):
            return marked.kind, f"{file} | {claim} | {marked.diagnosis} | {at}: {answers}, {right}"
    return marked.kind, ""


@pytest.mark.parametrize("number", [False, True])
def test_what_is_said_of_a_wrong_derivative_is_so(
    number: bool, request: pytest.FixtureRequest
) -> None:
    many = 5000 if request.config.getoption("--whole") else 250
    kinds = [judged(seed, number) for seed in range(many)]
    assert not [said for _, said in kinds if said]
    named = sum(kind not in ("", "no value", "nothing said") for kind, _ in kinds)
    assert named > many / 5
