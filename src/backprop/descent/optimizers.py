"""The table of optimizers: one row each, and nothing about an optimizer is written anywhere else.

The update of a first-order row is a text in the equation language. It is computed for each
parameter by itself, once a step, from

    x    the parameter            g    the derivative of the output by it, at x
    k    the step, from 1         lr   the step size (learning rate) of this step

and from the names of its `state`, which the optimizer keeps from step to step, and its `options`.
A name with a prime is the value after the step: `x'` the new parameter. Any other name on a left
side is an intermediate result. `maximize` turns the sign of g before the update sees it.

The second-order rows name what searches for lower points (`descent.searches`).

To add an optimizer, add a row; `tests/test_descent.py` asks torch's numbers for one of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isnan, nan
from types import MappingProxyType
from typing import Any, ClassVar

from backprop.numbers import printed, shown
from backprop.options import Range
from backprop.syntax import functions, parser
from backprop.syntax.notation import typographic

ByName = Mapping[str, float]
Options = Mapping[str, tuple[float, Range]]
"""By name the default, and the numbers that are taken."""


_PART = Range(0, 1, outside=1)
_ANY = Range(0, 1e300)
_ONE_ON = Range(1, 1e300)


def _equations(update: str, name: str) -> Iterator[tuple[str, parser.Statement]]:
    for statement in parser.equations(update, name):
        yield statement.tokens.texts[statement.shape.target], statement


@lru_cache(64)  # runs of one process mostly take the same
def _function(
    update: str, name: str, state: tuple[str, ...], options: tuple[tuple[str, float], ...]
) -> Callable[..., tuple[float, ...]]:
    scope: dict[str, Any] = {"inf": inf, "nan": nan}
    names = functions.written(dict(options))
    lines = []
    for target, statement in _equations(update, name):
        code = functions.python(statement, scope, names)
        names[target] = f"{target.rstrip(chr(39))}_new"
        lines.append(f"    {names[target]} = {code}")
    after = ", ".join(names.get(f"{each}'", each) for each in ("x", *state))
    head = f"def update({', '.join(('x', 'g', 'k', 'lr', *state))}):"
    exec("\n".join([head, *lines, f"    return ({after},)"]), scope)
    made: Callable[..., tuple[float, ...]] = scope["update"]
    return made


@dataclass(frozen=True, slots=True)
class Optimizer:
    """A first-order method.

    state: what it keeps for each parameter, with the value before the first step. options: its
    numbers. lr: the step size where none is given; None: a line search chooses it, step by step.
    source: who published it. batch_lr: the step size of minibatches where none is given, as PyTorch has
    it; None: it has to be given. whole: why it takes no minibatches, "" if it does.
    """

    name: str
    update: str
    source: str
    state: ByName = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    lr: float | None = None
    batch_lr: float | None = None
    whole: str = ""

    def equations(self) -> Iterator[tuple[str, parser.Statement]]:
        """What each equation of the update defines, and the equation."""
        return _equations(self.update, self.name)

    def function(self, options: ByName) -> Callable[..., tuple[float, ...]]:
        """The update of one parameter: x, g, k, lr, the state → the new x, the new state."""
        return _function(self.update, self.name, tuple(self.state), tuple(options.items()))

    def formulas(self) -> list[str]:
        """The update as lines of mathematics: `x' = x − lr·g`."""
        return [f"{target} = {typographic(statement)}" for target, statement in self.equations()]

    def written(self, numbers: ByName, name: str, after: float) -> list[str]:
        """The update of the parameter `name` with its numbers, `a ← 2 − 0.001·6 = 1.994`.

        numbers: x, g, k, lr, the state before the step, and the options. after: what the parameter
        is then: `a ← max(2 − 0.5·6, 0) = 0` where that is a bound. A line an equation; those before
        the last are what the optimizer keeps or needs: `m' = 0.9·0 + (1 − 0.9)·6 = 0.6`.
        """
        known = dict(numbers)
        lines = []
        for target, statement in self.equations():
            filled = typographic(statement, {key: printed(number) for key, number in known.items()})
            value = known[target] = functions.evaluated(statement, known)
            left = f"{name} ←" if target == "x'" else f"{target} ="
            if target == "x'" and abs(value - after) > 1e-9 * max(1.0, abs(value)):
                filled = f"{'max' if value < after else 'min'}({filled}, {printed(after)})"
                known[target] = after
            result = printed(known[target])
            lines.append(f"{left} {filled}" + (f" = {result}" if filled != result else ""))
        return lines


@dataclass(frozen=True, slots=True)
class Minimizer:
    """A method that looks for lower points. own: what it is, in a few words. hessian: whether it needs second
    derivatives. options: what a person may change."""

    name: str
    own: str
    source: str
    hessian: bool = False
    options: Options = field(default_factory=dict)
    lr: ClassVar[None] = None
    state: ClassVar[ByName] = MappingProxyType({})
    """What a first-order row has to say: here nothing is kept from step to step."""


Method = Optimizer | Minimizer


_ADAM_MOMENTS = "m' = beta1*m + (1 - beta1)*g; v' = beta2*v + (1 - beta2)*g^2\n"
_ADAM: Options = MappingProxyType(
    {"beta1": (0.9, _PART), "beta2": (0.999, _PART), "eps": (1e-8, _ANY)}
)
_KINGMA = "Kingma, Ba: Adam, ICLR 2015, arXiv:1412.6980"

FIRST_ORDER = (
    Optimizer(
        "gd", "x' = x - lr*g", "Cauchy: Comptes rendus de l'Académie des sciences 25, 1847",
    ),
    Optimizer(
        "momentum", "v' = momentum*v + g; x' = x - lr*v'",
        "Polyak: Some methods of speeding up the convergence of iteration methods, 1964",
        {"v": 0}, {"momentum": (0.9, _PART)},
    ),
    Optimizer(
        "nesterov", "v' = momentum*v + g; x' = x - lr*(g + momentum*v')",
        "Sutskever et al.: On the importance of initialization and momentum, ICML 2013",
        {"v": 0}, {"momentum": (0.9, _PART)},
    ),
    Optimizer(
        "adagrad", "s' = s + g^2; x' = x - lr/(1 + (k - 1)*lr_decay)*g/(sqrt(s') + eps)",
        "Duchi, Hazan, Singer: Adaptive subgradient methods, JMLR 12, 2011",
        {"s": 0}, {"lr_decay": (0, _ANY), "eps": (1e-10, _ANY)}, batch_lr=0.01,
    ),
    Optimizer(
        "adadelta",
        "s' = rho*s + (1 - rho)*g^2\n"
        "d = sqrt(u + eps)/sqrt(s' + eps)*g\n"
        "u' = rho*u + (1 - rho)*d^2; x' = x - lr*d",
        "Zeiler: ADADELTA, 2012, arXiv:1212.5701",
        {"s": 0, "u": 0}, {"rho": (0.9, _PART), "eps": (1e-6, _ANY)}, lr=1.0, batch_lr=1.0,
    ),
    Optimizer(
        "rmsprop", "s' = alpha*s + (1 - alpha)*g^2; x' = x - lr*g/(sqrt(s') + eps)",
        "Tieleman, Hinton: lecture 6.5 of Neural Networks for Machine Learning, 2012",
        {"s": 0}, {"alpha": (0.99, _PART), "eps": (1e-8, _ANY)}, batch_lr=0.01,
    ),
    Optimizer(
        "adam",
        _ADAM_MOMENTS + "x' = x - lr*(m'/(1 - beta1^k))/(sqrt(v'/(1 - beta2^k)) + eps)",
        _KINGMA, {"m": 0, "v": 0}, _ADAM, batch_lr=0.001,
    ),
    Optimizer(
        "amsgrad",
        _ADAM_MOMENTS + "w' = max(w, v')\n"
        "x' = x - lr*(m'/(1 - beta1^k))/(sqrt(w'/(1 - beta2^k)) + eps)",
        "Reddi, Kale, Kumar: On the convergence of Adam and beyond, ICLR 2018",
        {"m": 0, "v": 0, "w": 0}, _ADAM, batch_lr=0.001,
    ),
    Optimizer(
        "adamw",
        _ADAM_MOMENTS + "d = x - lr*weight_decay*x\n"
        "x' = d - lr*(m'/(1 - beta1^k))/(sqrt(v'/(1 - beta2^k)) + eps)",
        "Loshchilov, Hutter: Decoupled weight decay regularization, ICLR 2019",
        {"m": 0, "v": 0}, {**_ADAM, "weight_decay": (0.01, _ANY)}, lr=0.001, batch_lr=0.001,
    ),
    Optimizer(
        "adamax",
        "m' = beta1*m + (1 - beta1)*g; u' = max(beta2*u, abs(g) + eps)\n"
        "x' = x - lr/(1 - beta1^k)*m'/u'",
        _KINGMA, {"m": 0, "u": 0}, _ADAM, batch_lr=0.002,
    ),
    Optimizer(
        "nadam",
        _ADAM_MOMENTS + "b = beta1*(1 - 0.5*0.96^(k*psi)); c = beta1*(1 - 0.5*0.96^((k + 1)*psi))\n"
        "p' = p*b; d = sqrt(v'/(1 - beta2^k)) + eps\n"
        "x' = x - lr*((1 - b)/(1 - p')*g/d + c/(1 - p'*c)*m'/d)",
        "Dozat: Incorporating Nesterov momentum into Adam, ICLR workshop 2016",
        {"m": 0, "v": 0, "p": 1}, {**_ADAM, "psi": (0.004, _ANY)}, batch_lr=0.002,
    ),
    Optimizer(
        "radam",
        _ADAM_MOMENTS + "z = 2/(1 - beta2) - 1; r = z - 2*k*beta2^k/(1 - beta2^k)\n"
        "c = if(r > 5, sqrt((r - 4)*(r - 2)*z/((z - 4)*(z - 2)*r))*sqrt(1 - beta2^k)/(sqrt(v') + eps), 1)\n"
        "x' = x - lr*m'/(1 - beta1^k)*c",
        "Liu et al.: On the variance of the adaptive learning rate and beyond, ICLR 2020",
        {"m": 0, "v": 0}, _ADAM, batch_lr=0.001,
    ),
    Optimizer(
        "rprop",
        "t = sign(g*h); q = if(t > 0, eta_plus, if(t < 0, eta_minus, 1))\n"
        "s' = min(max(if(k == 1, lr, s)*q, smallest), largest)\n"
        "h' = if(t < 0, 0, g); x' = x - sign(h')*s'",
        "Riedmiller, Braun: The RPROP algorithm, ICNN 1993",
        {"h": 0, "s": 0},
        {
            "eta_minus": (0.5, _PART), "eta_plus": (1.2, _ONE_ON),
            "smallest": (1e-6, _ANY), "largest": (50, _ANY),
        },
        lr=0.01, whole="it compares the signs of slopes of one step and the next, and batches differ in them",
    ),
)  # fmt: skip

SECOND_ORDER = LBFGS, BFGS, CG, NEWTON = (
    Minimizer(
        "lbfgs", "L-BFGS", "Nocedal, Wright: Numerical Optimization, 2006, section 7.2",
        options={"maxcor": (10, Range(1, 1000, whole=True))},
    ),
    Minimizer("bfgs", "BFGS", "Nocedal, Wright: Numerical Optimization, 2006, chapter 6"),
    Minimizer(
        "cg", "conjugate gradients", "Nocedal, Wright: Numerical Optimization, 2006, section 5.2",
    ),
    Minimizer(
        "newton",
        "trust region with exact second derivatives; Gauss and Newton's steps for sums of squares",
        "Conn, Gould, Toint: Trust Region Methods, 2000, chapter 7", hessian=True,
    ),
)  # fmt: skip


AUTO = Minimizer("auto", "newton for few parameters, else lbfgs; gd where --lr is given", "")
"""What stands for the method that suits a problem."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the step size changes: lr is multiplied by `factor`, a text in the equation language, in
    which `k` counts the steps from 0 and `steps` is how many there are to be. options: as above;
    nan stands for `steps`."""

    name: str
    factor: str
    options: Options = field(default_factory=dict)

    @property
    def form(self) -> str:
        """What a person writes to ask for it, with its numbers: `step(rate=0.5, every=100)`."""
        given = {name: number for name, number in defaults(self).items() if not isnan(number)}
        numbers = ", ".join(f"{name}={shown(number)}" for name, number in given.items())
        return f"{self.name}({numbers})" if numbers else self.name


def defaults(row: Optimizer | Minimizer | Schedule) -> dict[str, float]:
    """The numbers of a row where none are given."""
    return {name: float(number) for name, (number, _) in row.options.items()}


_LENGTH = {"end": (0.0, _ANY), "over": (nan, _ONE_ON)}

OPTIMIZERS: Mapping[str, Method] = MappingProxyType(
    {row.name: row for row in (AUTO, *FIRST_ORDER, *SECOND_ORDER)}
)

SCHEDULES: Mapping[str, Schedule] = MappingProxyType({row.name: row for row in (
    Schedule("constant", "1"),
    Schedule("linear", "1 + (end - 1)*min(k/over, 1)", _LENGTH),
    Schedule("exponential", "rate^k", {"rate": (0.99, _ANY)}),
    Schedule("inverse", "1/(1 + rate*k)", {"rate": (0.01, _ANY)}),
    Schedule("step", "rate^floor(k/every)", {"rate": (0.5, _ANY), "every": (100, _ONE_ON)}),
    Schedule("cosine", "end + (1 - end)*(1 + cos(pi*min(k/over, 1)))/2", _LENGTH),
)})  # fmt: skip
