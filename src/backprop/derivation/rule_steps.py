"""The steps of a differentiation without numbers: rule by rule, each the application of one.

What a step says its derivative is comes from the chain rule on formulas, as `diff` has it, so that the
steps and the result cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from backprop.algebra.formula import (
    EULER,
    Call,
    Formula,
    Product,
    Sum,
    Symbol,
    TooLong,
    in_order,
    is_negative,
    value_of,
)
from backprop.algebra.from_text import substituted
from backprop.algebra.indexed import GatherFormula, index_names
from backprop.algebra.normal import power, times
from backprop.algebra.textbooks import with_lines
from backprop.derivation.steps import RulePiece, RuleStep, RuleSteps
from backprop.numbers import few
from backprop.operations import OPERATIONS
from backprop.row import POWER, PRODUCT
from backprop.symbolic.chain import Chain

PRODUCT_RULE, QUOTIENT_RULE = "product rule", "quotient rule"
CHAIN_RULE, SUM_RULE = "chain rule", "sum rule"


def rule_steps(
    found: Formula, by: str, chain: Chain | None = None, divisors: Set[Formula] = frozenset()
) -> RuleSteps:
    """The steps in which a formula is derived by a name. chain: what derives it, by default the chain rule
    of formulas without indices. divisors: as `with_lines` has them. Raises TooLong."""
    words = {word for name in (by, *_all_names(found)) for word in _WORD.findall(name)}
    rules = _Rules(by, words, chain or Chain(by, textbook=True), divisors)
    rules.explain(found, whole=True)
    return RuleSteps(by, tuple(rules.steps), rules.text(rules.derivative(found)))


_WORD = re.compile(r"[^\W\d]\w*'*")


def _all_names(found: Formula) -> list[str]:
    return [*in_order(found), *index_names(found)]


class _Rules:
    def __init__(self, by: str, taken: Set[str], chain: Chain, divisors: Set[Formula]) -> None:
        self._by = by
        self._divisors = divisors
        self._chain = chain
        letters = ("u", "v", "w", "p", "q", *(f"u{at}" for at in range(1, len(taken) + 5)))
        free = [name for name in letters if name not in taken]
        self._letters = free
        self._u, self._v = free[:2]
        self._known: dict[Formula, str] = {}
        self.steps: list[RuleStep] = []

    def derivative(self, found: Formula) -> Formula:
        return self._chain.derivative(found)

    def text(self, found: Formula, needed: int = 0) -> str:
        return with_lines(found, self._divisors).text(needed)

    def explain(self, found: Formula, whole: bool = False) -> str:
        """Which rule, or which step, says what the derivative of a formula is. whole: in a step anyway."""
        if found in self._known:
            return self._known[found]
        rule, law, parts = self._applied(found)
        if not parts and not whole:
            return rule
        pieces = [self._piece(*part) for part in parts]
        number = len(self.steps) + 1
        result = self.text(self.derivative(found))
        put = self._put(rule, parts)
        self.steps.append(RuleStep(number, self.text(found), rule, law, tuple(pieces), result, put))
        self._known[found] = f"step {number}"
        return self._known[found]

    def _put(self, rule: str, parts: Sequence[tuple[str, Formula, str]]) -> str:
        """A rule with its pieces in it, before that is simplified: `1*exp(x) + x*exp(x)`."""
        if rule == CHAIN_RULE:
            (_, outer, u), (_, inner, _) = parts
            try:
                slope = substituted(Chain(u, textbook=True).derivative(outer), {u: inner})
            except TooLong:  # the step is told without it
                return ""
            return f"{self.text(slope, PRODUCT)}*{self.text(self.derivative(inner), PRODUCT)}"
        if rule not in (PRODUCT_RULE, QUOTIENT_RULE) or len(parts) != 2:
            return ""
        u, v = (self.text(each, PRODUCT) for _, each, _ in parts)
        du, dv = (self.text(self.derivative(each), PRODUCT) for _, each, _ in parts)
        if rule == PRODUCT_RULE:
            return f"{du}*{v} + {u}*{dv}"
        return f"({du}*{v} - {u}*{dv})/{parts[1][1].text(POWER + 1)}^2"

    def _piece(self, name: str, found: Formula, by: str) -> RulePiece:
        if by != self._by:  # the outer function of the chain rule, by what is inside
            derivative = Chain(by, textbook=True).derivative(found)
            return RulePiece(name, self.text(found), by, self.text(derivative), _single(found, by))
        how = self.explain(found)
        return RulePiece(name, self.text(found), by, self.text(self.derivative(found)), how)

    def _applied(self, found: Formula) -> tuple[str, str, Sequence[tuple[str, Formula, str]]]:
        """The rule for a formula, how it reads, and what it takes apart: names, formulas, by what."""
        by, u, v = self._by, self._u, self._v
        if by not in found.names:
            return "a constant", "", ()
        if isinstance(found, Symbol):
            return "the variable itself", "", ()
        if isinstance(found, Sum):
            return SUM_RULE, "", [("", term, by) for term in found.terms]
        if isinstance(found, GatherFormula):
            return _gather_rule(found, by), "", [("", found.body, by)]
        if isinstance(found, Call) and OPERATIONS[found.name].chooses:
            return "branch by branch", "", [("", each, by) for each in found.operands[1:]]
        if isinstance(found, Product):
            factors = [Product(found.coefficient, (), found.decimal)]
            powers = [power(*each) for each in found.powers]
            fixed = [each for each in powers if by not in each.names]
            moving = [each for each in powers if by in each.names]
            if fixed or found.coefficient != 1:
                return "constant factor rule", "", [("", times(*moving), by)]
            below = [
                at
                for at, each in enumerate(found.powers)
                if by in powers[at].names and is_negative(each[1])
            ]
            if below and len(moving) > len(below):
                top = times(*factors, *(each for at, each in enumerate(powers) if at not in below))
                bottom = power(times(*(powers[at] for at in below)), Product(-1))
                law = f"({u}/{v})' = ({u}'·{v} − {u}·{v}')/{v}²"
                return QUOTIENT_RULE, law, [(u, top, by), (v, bottom, by)]
            if len(moving) > 1:
                law = f"({u}·{v})' = {u}'·{v} + {u}·{v}'"
                return PRODUCT_RULE, law, [(u, moving[0], by), (v, times(*moving[1:]), by)]
        return self._inside(found)

    def _inside(self, found: Formula) -> tuple[str, str, Sequence[tuple[str, Formula, str]]]:
        """The rule for a function or a power: that of itself, or the chain rule."""
        by, u = self._by, self._u
        operands = _operands(found)
        moving = [each for each in operands if by in each.names]
        if len(moving) == 1 and isinstance(moving[0], Symbol):
            return _single(found, by), "", ()
        if len(moving) == 1:
            outer = _with(found, moving[0], Symbol(u))
            return (
                CHAIN_RULE,
                f"outer' times inner', {u} = inner",
                [("outer", outer, u), (u, moving[0], by)],
            )
        outer, names = found, self._letters[: len(moving)]
        for name, each in zip(names, moving, strict=True):
            outer = _with(outer, each, Symbol(name))
        parts = [("outer", outer, name) for name in names]
        parts += [(name, each, by) for name, each in zip(names, moving, strict=True)]
        return "chain rule, in every argument", "", parts


def _gather_rule(found: GatherFormula, by: str) -> str:
    """The rule for what is gathered over indices."""
    over = few([each.name for each in found.clauses])
    indices = _WORD.findall(by.partition("[")[2])
    if found.name not in ("sum", "mean", "prod"):
        return f"derivative of {found.name}, over {over}"
    rule = PRODUCT_RULE if found.name == "prod" else SUM_RULE
    divided = ", divided by their number" if found.name == "mean" else ""
    if all(each.name in indices for each in found.clauses):
        return f"{rule}, over {over}: the term with {by}{divided}"
    return f"{rule}, over {over}{divided}"


def _operands(found: Formula) -> list[Formula]:
    """What a function or a power is of."""
    if isinstance(found, Call):
        return [*found.operands]
    assert isinstance(found, Product)
    ((base, by),) = found.powers
    return [by] if base == EULER else [base, by]


def _with(found: Formula, inner: Formula, name: Formula) -> Formula:
    """A function or a power of a name in the place of what is inside."""
    if isinstance(found, Call):
        return Call(found.name, [name if each == inner else each for each in found.operands])
    assert isinstance(found, Product)
    ((base, by),) = found.powers
    if base == inner:
        return power(name, by if by != inner else name)
    return power(base, name)


def _single(found: Formula, by: str) -> str:
    """What differentiating a function of a name alone is called."""
    if isinstance(found, Call):
        row = OPERATIONS[found.name]
        return row.rule or f"derivative of {found.name}"
    if isinstance(found, Product) and len(found.powers) == 1:
        ((base, exponent),) = found.powers
        if base == EULER:
            return "derivative of exp"
        if by not in exponent.names:
            number = value_of(exponent)
            return "derivative of sqrt" if number is not None and number * 2 == 1 else "power rule"
        return "exponential rule"
    return "the variable itself" if found == Symbol(by) else "a constant"
