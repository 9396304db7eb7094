"""What differentiating the steps of an equation is called: `product rule`, `derivative of tanh`."""

from collections.abc import Sequence

from backprop.graph import Graph
from backprop.language.named_steps import moving
from backprop.numbers import few
from backprop.operations import CONSTANT_FACTOR, FUNCTIONS, OPERATIONS

CHAIN_RULE = "chain rule"

_THROUGH, _DERIVATIVE = f"{CHAIN_RULE} through", "derivative of"
_COPIED = OPERATIONS["copy"].rule


class RuleNames:
    """The names of the rules by which the steps of a graph are differentiated. single: whether each
    operation is explained by itself, under a name of its own."""

    def __init__(self, graph: Graph, single: bool = False) -> None:
        self._graph, self._single = graph, single

    def moving(self, step: int) -> list[int]:
        """The positions of the operands that are no numbers, and no pivots."""
        graph = self._graph

        def is_named(node: int) -> bool:
            return bool(graph.label(node)) or (graph.is_step(node) and not self._single)

        return moving(graph, step, is_named)

    def joined(self, steps: Sequence[int]) -> list[str]:
        """Each rule once, and each function once; three functions or more that a rule is about as one
        list. steps: from the result down."""
        found = self._found(steps)
        rules = []
        for rule, about in found.items():
            names = [each for each in about if rule == _THROUGH or each not in found[_THROUGH]]
            if len(names) > 2:
                many = "derivatives of" if rule == _DERIVATIVE else rule
                rules.append(f"{many} {few(names, len(names))}")
            elif rule in (_THROUGH, _DERIVATIVE):
                rules += [f"{rule} {name}" for name in names]
            elif rule != CHAIN_RULE or not found[_THROUGH]:
                rules.append(rule)
        return rules

    def one_by_one(self, steps: Sequence[int]) -> list[str]:
        """Each rule once, about each function by itself, and the chain rule as one of the rules."""
        rules = dict[str, None]()
        for rule, about in self._found(steps).items():
            if rule == _THROUGH:
                rules |= dict.fromkeys((CHAIN_RULE,) * bool(about))
            if rule in (_THROUGH, _DERIVATIVE):
                rules |= dict.fromkeys(f"{_DERIVATIVE} {name}" for name in about)
            else:
                rules[rule] = None
        return [each for each in rules if each != _COPIED or len(rules) == 1]

    def _found(self, steps: Sequence[int]) -> dict[str, dict[str, None]]:
        """The rules of these steps, each with the functions that it is about."""
        graph = self._graph
        found: dict[str, dict[str, None]] = {_THROUGH: {}}
        fixed: set[int] = set()  # what is made of numbers only: the 1/2 of `1/2*x^2`
        for step in reversed(steps):
            if all(graph.is_number(each) or each in fixed for each in graph.operands(step)):
                fixed.add(step)
        for step in steps:
            row = OPERATIONS[graph.op(step)]
            operands = self._terms(step)
            moving = [at for at in self.moving(step) if operands[at] not in fixed]
            if not moving or (row.name not in FUNCTIONS and set(row.slopes) == {"0"}):
                continue  # a comparison or a condition: nothing is differentiated
            if row.written and not self._single:
                continue
            own = [*filter(None, [row.rule])]
            if row.alone and (len(moving) == 1 or not own):
                own = [row.alone[at] for at in moving]
            unnamed = [graph.is_step(operand) and not graph.label(operand) for operand in operands]
            inner = any(unnamed[at] for at in moving)
            folds = row.folds and unnamed[0] and graph.op(operands[0]) == row.name
            if inner and row.alone and len(moving) == 1 and own != [CONSTANT_FACTOR]:
                found.setdefault(CHAIN_RULE, {})
            for each in own:
                found.setdefault(each, {})
            if not own:
                through = _THROUGH if inner and not folds else _DERIVATIVE
                found.setdefault(through, {})[row.name] = None
        return found

    def _terms(self, step: int) -> list[int]:
        """The operands of a step; where a pivot was taken from one, that which it was taken from."""
        graph, around = self._graph, OPERATIONS[self._graph.op(step)].around
        return [
            graph.operands(each)[0] if graph.op(each) in around else each
            for each in graph.operands(step)
        ]
