"""First-order descent as one compiled loop: updates, evaluations and the reasons to stop, as text for
LLVM.

The loop does what `FirstOrder.descend` does step by step, and leaves to it whatever is not an ordinary
step: it stops before a step whose value or gradient is not finite or that moves nothing, and after one
that a stopping rule may end. A small graph stands inside the loop, each parameter in a register of its
own; for a large one the loop calls the kernels of its tape and goes over arrays of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from backprop.descent.cells import Cells
from backprop.descent.optimizers import Optimizer, Schedule
from backprop.engine.native.machine import ATTRIBUTES
from backprop.engine.native.straight import finite, loads
from backprop.engine.walk import Straight
from backprop.engine.writers.llvm import Operand
from backprop.syntax.parser import equations
from backprop.values import Value

SCALARS = (
    "lr",  # the step size before its schedule
    "k",  # updates done before this batch
    "number",  # steps done before this batch
    "value",  # the output; its negative where it is maximised
    "before",  # the same, one step before
    "best",  # the lowest of it
    "best_at",  # the step of this batch where it was lowest, -1 if that was before
    "last_lr",  # the size of the last step
    "least_norm2",  # stop where the squared norm of the gradient is at most this
    "least_change",  # stop where the output's relative change is at most this
    "target",  # stop where the output is at most this
    "clip",  # the longest gradient that is not clipped
)
"""What the loop is told and tells: one array of doubles, in this order."""

_KEPT = ("value", "before", "best", "best_at", "last_lr")
"""Those that the loop changes."""


class Task(NamedTuple):
    """What a loop is for.

    numbers: those of the schedule. parameters: how many. sign: -1 to climb. The last four: whether there
    are bounds, clipping, a rule about changes and one about the output.
    """

    row: Optimizer
    options: Mapping[str, float]
    schedule: Schedule
    numbers: Mapping[str, float]
    parameters: int
    sign: float
    bounded: bool
    clipped: bool
    by_change: bool
    by_target: bool


class Loop(Cells):
    """The text of `descend(scalars, x, gradient, state, best, previous, values, low, high, steps, …)`.

    It returns the number of steps done. x, gradient: the point, changed in place. state: an array for
    each name of the optimizer's, one behind the other. best: takes the lowest point; previous: the
    point before the last step; values: the output of each step. low, high: bounds, read only if
    `bounded`. Then, for a small graph, the numbers of its fixed leaves; for a tape its address, the
    addresses of `forward` and `backward`, the arrays of its values and gradients, the place of its
    root, and room for a second state.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task.parameters, tuple(task.row.state))
        self.task = task
        self.row = task.row

    @property
    def update_steps(self) -> int:
        """How many operations the update of one parameter has."""
        return sum(len(each.shape.nodes) for each in equations(self.row.update, self.row.name))

    def straight(self, order: Sequence[Value], wrt: Sequence[Value], fixed: Sequence[Value]) -> str:
        """For a graph inside the loop."""
        self._unrolled = True

        def evaluate() -> tuple[Operand, Sequence[Operand]]:
            code = self.code
            known: dict[Value, Operand] = dict(constants)
            known |= {leaf: self._get("xn", at) for at, leaf in enumerate(wrt)}
            graph = Straight(code, order, known, wrt)
            out = self._turned(graph.forward())
            graph.backward()
            for at, gradient in enumerate(graph.gradients.values()):
                self._set("gn", at, self._turned(gradient))
            return out, graph.checked

        constants = loads(self.code, "%fixed", fixed)
        return self._text("ptr noalias %fixed", evaluate)

    def tape(self) -> str:
        """For a graph on a tape."""
        self._unrolled = False

        def evaluate() -> tuple[Operand, Sequence[Operand]]:
            code = self.code
            for call in ("i32 %forward(ptr %tape)", "i32 %backward(ptr %tape, i32 0)"):
                answer = code.emit(f"call {call}")
                bad = code.emit(f"icmp ne i32 {answer}, 0")
                self._branch(bad, "stop")
            place = code.emit("getelementptr double, ptr %xn, i64 %root")
            out = self._turned(code.emit(f"load double, ptr {place}, align 8"))
            if self.task.sign < 0:
                self._each(lambda at: self._set("gn", at, self._turned(self._get("gn", at))))
            return out, [out]

        parameters = "ptr %tape, ptr %forward, ptr %backward, ptr %xn, ptr %gn, i64 %root, ptr %sn"
        return self._text(parameters, evaluate)

    # ------------------------------------------------------------------------------ the loop

    def _text(
        self, parameters: str, evaluate: Callable[[], tuple[Operand, Sequence[Operand]]]
    ) -> str:
        code = self.code
        for name in (*_KEPT, "norm2", "moved", "odd", "clip2"):
            self._cell(name)
            self._set_cell(name, self._scalar(name) if name in _KEPT else 0.0)
        self._entry += ["  %done = alloca i64, align 8", "  store i64 0, ptr %done, align 8"]
        told = {name: self._scalar(name) for name in SCALARS if name not in _KEPT[:-1]}
        if self._unrolled:
            self._load_arrays()
        self._jump("head")
        self._label("head")
        more = code.emit(f"icmp slt i64 {self._done()}, %steps")
        self._branch(more, "stop", unless=True)
        lr = self._step_size(told)
        self._update(lr, told)
        value, looked = evaluate()
        self._sums()
        bad = finite(code, [*looked, self._cell_value("norm2"), self._cell_value("odd")])
        self._branch(code.emit(f"fcmp uno double {bad}, 0.0"), "stop")
        self._stop_unless_moved()
        self._commit(value, lr)
        self._judge(told)
        self._label("stop")
        for name in _KEPT:
            place = code.emit(f"getelementptr double, ptr %scalars, i64 {SCALARS.index(name)}")
            code.lines.append(f"  store double {self._cell_value(name)}, ptr {place}, align 8")
        if self._unrolled:
            self._store_arrays()
        done = self._done()
        arrays = ", ".join(
            f"ptr noalias %{name}" for name in ("scalars", "xs", "gs", "state", "best", "xp")
        )
        return "\n".join(
            [
                f"define i64 @descend({arrays}, ptr noalias %values, ptr noalias %low,",
                f"    ptr noalias %high, i64 %steps, {parameters}) {{",
                "entry:",
                *self._entry,
                *code.lines,
                f"  ret i64 {done}",
                "}",
                code.declarations,
                ATTRIBUTES,
            ]
        )

    def _step_size(self, told: Mapping[str, Operand]) -> Operand:
        """The step size of this step; the loop stops before one of 0."""
        code, task = self.code, self.task
        names = {**task.numbers, "k": self._counted(told["number"])}
        factor = code.text(task.schedule.factor, names)
        if factor == 1.0:
            return told["lr"]
        lr = code.product(told["lr"], factor, careful=False)
        self._branch(code.emit(f"fcmp oeq double {code.write(lr)}, 0.0"), "stop")
        return lr

    def _update(self, lr: Operand, told: Mapping[str, Operand]) -> None:
        """The next point and the next state of every parameter."""
        code = self.code
        shrink: Operand = 1.0
        if self.task.clipped:
            self._set_cell("clip2", 0.0)

            def add(at: str | int) -> None:
                g = self._pushing_inside(self._get("g", at), "x", at)
                total = code.value("+", [self._cell_value("clip2"), code.value("*", [g, g])])
                self._set_cell("clip2", total)

            self._each(add)
            size = code.value("sqrt", [self._cell_value("clip2")])
            longer = code.value(">", [size, told["clip"]])
            part = code.value("/", [told["clip"], size])
            shrink = code.value("if", [longer, part, 1.0])
        k = code.value("+", [self._counted(told["k"]), 1.0])

        def one(at: str | int) -> None:
            x, g = self._get("x", at), self._get("g", at)
            names: dict[str, Operand] = {**self.task.options, "x": x, "k": k, "lr": lr}
            names["g"] = code.product(g, shrink, careful=False)
            for number, name in enumerate(self.row.state):
                names[name] = self._get(f"s{number}", at)
            for statement in equations(self.row.update, self.row.name):
                target = statement.tokens.texts[statement.shape.target]
                names[target] = code.statement(statement, names)
            for number, name in enumerate(self.row.state):
                self._set(f"s{number}n", at, names.get(f"{name}'", names[name]))
            self._set("xn", at, self._inside(names["x'"], at))

        self._each(one)

    def _inside(self, x: Operand, at: str | int) -> Operand:
        if not self.task.bounded:
            return x
        code = self.code
        low, high = self._get("low", at), self._get("high", at)
        upper = code.value("if", [code.value(">", [x, high]), high, x])
        return code.value("if", [code.value("<", [x, low]), low, upper])

    def _sums(self) -> None:
        """The squared norm of the next gradient, without what only pushes against a bound."""
        code = self.code
        for name in ("norm2", "odd"):
            self._set_cell(name, 0.0)

        def one(at: str | int) -> None:
            whole = self._get("gn", at)
            self._add_square("norm2", self._pushing_inside(whole, "xn", at))
            if self.task.bounded:  # what pushes against a bound must be finite all the same
                zero = code.emit(f"fsub double {whole}, {whole}")
                total = self._cell_value("odd")
                self._set_cell("odd", code.emit(f"fadd reassoc double {total}, {zero}"))

        self._each(one)

    def _pushing_inside(self, g: Operand, point: str, at: str | int) -> Operand:
        """A derivative, 0 where it only pushes against a bound."""
        if not self.task.bounded:
            return g
        code = self.code
        x = self._get(point, at)
        low, high = self._get("low", at), self._get("high", at)
        below = [code.value("<=", [x, low]), code.value(">", [g, 0.0])]
        above = [code.value(">=", [x, high]), code.value("<", [g, 0.0])]
        pushes = code.value("or", [code.value("and", below), code.value("and", above)])
        return code.value("if", [pushes, 0.0, g])

    def _add_square(self, name: str, number: Operand) -> None:
        """The sum only tells when to look closer: LLVM may add in any order, and round once."""
        text, total = self.code.write(number), self._cell_value(name)
        square = self.code.emit(f"fmul reassoc contract double {text}, {text}")
        self._set_cell(name, self.code.emit(f"fadd reassoc contract double {total}, {square}"))

    def _stop_unless_moved(self) -> None:
        """Stop before a step after which every parameter is where it was."""
        code = self.code

        def moves(at: str | int) -> Operand:
            return code.value("!=", [self._get("xn", at), self._get("x", at)])

        if not self._unrolled:
            self._set_cell("moved", 0.0)
            one = 1.0
            self._each(
                lambda at: self._set_cell(
                    "moved", code.value("if", [moves(at), one, self._cell_value("moved")])
                )
            )
            self._branch(
                code.emit(f"fcmp une double {self._cell_value('moved')}, 0.0"), "stop", unless=True
            )
            return
        # the first parameter nearly always moves: then there is no need to look at the others
        label = self._fresh_label()
        for at in range(self.count):
            self._branch(str(moves(at)), label)
        self._jump("stop")
        self._label(label)

    def _commit(self, value: Operand, lr: Operand) -> None:
        """The step is done: what was next becomes what is."""
        code = self.code
        text = code.write(value)
        done = self._done()
        place = code.emit(f"getelementptr double, ptr %values, i64 {done}")
        number = code.write(self._turned(value))
        after = code.emit(f"add i64 {done}, 1")
        code.lines += [
            f"  store double {number}, ptr {place}, align 8",
            f"  store i64 {after}, ptr %done, align 8",
        ]
        self._set_cell("last_lr", lr)
        self._set_cell("before", self._cell_value("value"))
        self._set_cell("value", text)

        def one(at: str | int) -> None:
            self._set("xp", at, self._get("x", at))
            self._set("x", at, self._get("xn", at))
            self._set("g", at, self._get("gn", at))
            for number in range(len(self.row.state)):
                self._set(f"s{number}", at, self._get(f"s{number}n", at))

        self._each(one)
        better = code.emit(f"fcmp olt double {text}, {self._cell_value('best')}")
        label = self._fresh_label()
        self._branch(better, label, unless=True)
        self._set_cell("best", text)
        self._set_cell("best_at", code.emit(f"sitofp i64 {after} to double"))
        self._each(lambda at: self._set("best", at, self._get("x", at)))
        self._jump(label)
        self._label(label)

    def _judge(self, told: Mapping[str, Operand]) -> None:
        """Stop where a rule may say so; whether it does is for the caller to see."""
        code, task = self.code, self.task
        value, before = self._cell_value("value"), self._cell_value("before")
        reasons = [code.value("<=", [self._cell_value("norm2"), told["least_norm2"]])]
        if task.by_change:
            size = code.value("max", [1.0, code.value("abs", [value])])
            change = code.value("abs", [code.value("-", [value, before])])
            limit = code.value("*", [told["least_change"], size])
            reasons.append(code.value("<=", [change, limit]))
        if task.by_target:
            reasons.append(code.value("<=", [value, told["target"]]))
        for each in reasons:
            self._branch(str(each), "stop")
        self._jump("head")

    def _turned(self, number: Operand) -> Operand:
        """A number with the sign that makes every method minimise."""
        return self.code.product(number, self.task.sign, careful=False)

    def _counted(self, before: Operand) -> Operand:
        """A count of steps as a number: those before the batch and its own."""
        done = self.code.emit(f"sitofp i64 {self._done()} to double")
        return self.code.value("+", [before, done])

    def _scalar(self, name: str) -> str:
        place = self.code.emit(f"getelementptr double, ptr %scalars, i64 {SCALARS.index(name)}")
        return self.code.emit(f"load double, ptr {place}, align 8")
