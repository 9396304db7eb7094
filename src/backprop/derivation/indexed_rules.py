"""The steps of a differentiation of equations with indices: each equation by what it reads, then the chain
rule over all of them, from the output back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop.algebra.formula import Formula, Symbol, in_order
from backprop.derivation.rule_steps import CHAIN_RULE, rule_steps
from backprop.derivation.steps import RulePiece, RuleStep, RuleSteps
from backprop.symbolic.indexed_chain import IndexedChain, with_reads
from backprop.symbolic.loops_read import IndexedEquation
from backprop.symbolic.of_families import IndexedDerived
from backprop.symbolic.reads_of import IndexScope


def indexed_rules(
    equations: Sequence[IndexedEquation],
    derived: Sequence[IndexedDerived],
    fresh: Callable[[], str],
) -> list[RuleSteps]:
    """How derivatives come about. equations: those on the way, from the output back. derived: what comes
    out, in the order of the chain rule. Raises NotIndexed, TooLong."""
    moving = {name for each in derived for name in each.equation.wrt}
    found: list[RuleSteps] = []
    for equation in equations:
        found += _local(equation, moving, fresh)
    by_family: dict[str, list[RuleSteps]] = {}
    for each in found:
        by_family.setdefault(each.by.partition("[")[0], []).append(each)
    return found + [_together(each, by_family) for each in derived if each.equation.of]


def _local(
    equation: IndexedEquation, moving: set[str], fresh: Callable[[], str]
) -> list[RuleSteps]:
    """The derivatives of an equation by each of its reads."""
    if equation.formula is None or equation.is_input:
        return []
    whole = with_reads(equation.formula)
    left = equation.left
    scope = IndexScope(equation.clauses, equation.condition)
    named: Mapping[Formula, Symbol] = {whole: Symbol(left)}
    found = []
    for name in in_order(whole):
        if name.partition("[")[0] in moving:
            chain = IndexedChain(name, scope, fresh, named)
            steps = rule_steps(whole, name, chain)
            found.append(steps._replace(of=left, behind=equation.behind))
    return found


def _together(found: IndexedDerived, local: Mapping[str, Sequence[RuleSteps]]) -> RuleSteps:
    """The derivative of the output by a name: over all equations that read it."""
    of, (by,) = found.members
    derivative = found.equation.formula.text()
    pieces = [
        RulePiece("", each.of, each.by, each.derivative, "above")
        for each in local.get(by.partition("[")[0], ())
    ]
    step = RuleStep(1, of, f"{CHAIN_RULE}, over all that reads {by}", "", tuple(pieces), derivative)
    return RuleSteps(by, (step,), derivative, of, found.left, found.behind)
