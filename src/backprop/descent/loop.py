"""First-order descent as one compiled loop: updates, evaluations, reasons to stop, for LLVM.

The loop does what `FirstOrder.descend` does step by step, and leaves to it whatever is not an
ordinary step: it stops before a step whose value or gradient is not finite or that moves nothing,
and after one that a stopping rule may end. A small graph stands inside the loop, each parameter in
a register of its own; for a large one it calls the kernels of its tape; parameters are arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from backprop.chain.walk import value_and_gradient
from backprop.descent.cells import Array, Cells
from backprop.descent.optimizers import Optimizer, Schedule
from backprop.engine.writers.llvm import ATTRIBUTES, Operand
from backprop.graph import Graph


class Scalars(NamedTuple):
    """The numbers that go into the loop and come out of it, doubles in this order. Where the output
    is maximised all that are outputs have the other sign.

    lr            the step size without its schedule
    k             updates before this batch
    number        steps before this batch
    least_norm2   stop at this square of the gradient norm
    least_change  stop where a step changes the output by no more, relative to its range so far
    target        stop at this output
    clip          the largest gradient norm that an update sees
    value         the output after the last step
    before        the output one step before
    highest       the highest output, where it is asked for
    best          the lowest output
    best_at       the step of this batch that had it, from 1; -1: none had
    last_lr       the step size of the last step
    """

    lr: float
    k: float
    number: float
    least_norm2: float
    least_change: float
    target: float
    clip: float
    value: float
    before: float
    highest: float
    best: float
    best_at: float = -1.0
    last_lr: float = 0.0


_ARRAYS = ("scalars", "x", "gradient", "state", "best", "last_x", "low", "high", "values")


class Task(NamedTuple):
    """What a loop is for.

    numbers: those of the schedule. parameters: how many. sign: -1 to climb. The next four: whether
    there are bounds, clipping, a rule about changes and one about the output. watched: whether the gradient
    must be looked at after every step. Else a small problem's loop looks at its end only: a step by a
    gradient that is not finite leads to where no step comes back from.
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
    watched: bool


class Loop(Cells):
    """The text of `descend(scalars, x, gradient, state, best, last_x, low, high, values, steps, …)`.

    It returns the number of steps done; -1 if one of them was by a gradient that is not finite: then it is to
    be run again, watched. x, gradient: the point, changed in place. state: an array
    for each name of the optimizer's, one behind the other. best: takes the lowest point; last_x:
    the point before the last step. low, high: bounds, read only if `bounded`. values: the output of
    each step. Then, for a small graph, the numbers of its fixed inputs; for a tape its address, the
    addresses of `forward` and `backward`, of the arrays of its values and gradients and of its
    output, and room for a second state.
    """

    def __init__(self, task: Task, unrolled: bool, looks: bool = True) -> None:
        super().__init__(task.parameters, len(task.row.state), unrolled)
        self.looks = looks
        self.task = task
        self.watched = task.watched or looks or not unrolled

    def straight(self, graph: Graph, wrt: Sequence[int], fixed: Sequence[int]) -> str:
        """For a graph inside the loop, which is unrolled."""
        constants = self.loads("%fixed", fixed)

        def evaluate() -> tuple[Operand, Sequence[Operand]]:
            point = {leaf: self._get(self.next_x, at) for at, leaf in enumerate(wrt)}
            out, by, looked = value_and_gradient(self, graph, wrt, {**constants, **point})
            for at, each in enumerate(by):
                self._set(self.next_gradient, at, self._turned(each))
            return self._turned(out), looked

        return self._function(["fixed"], evaluate)

    def tape(self) -> str:
        """For a graph on a tape."""

        def evaluate() -> tuple[Operand, Sequence[Operand]]:
            for function in ("forward", "backward"):
                answer = self.emit(f"call i32 %{function}(ptr %tape)")
                self._branch(self.emit(f"icmp ne i32 {answer}, 0"), "stop")
            out = self._turned(self.load("%output"))
            if self.task.sign < 0:
                self._change_gradient(self._turned)
            return out, [out]

        pointers = "tape", "forward", "backward", "next_x", "next_gradient", "output", "next_state"
        return self._function(pointers, evaluate)

    # ------------------------------------------------------------------------------ the loop

    def _function(
        self, needed: Sequence[str], evaluate: Callable[[], tuple[Operand, Sequence[Operand]]]
    ) -> str:
        """evaluate: writes output and gradient at the next point; the output, and what must be
        finite. needed: the names of pointers that it reads."""
        self._begin()
        if self.unrolled:
            self._load_arrays()
        self._jump("head")
        self.label("head")
        more = self.emit(f"icmp slt i64 {self._done()}, %steps")
        self._branch(more, "stop", unless=True)
        lr = self._step_size()
        self._update(lr)
        value, looked = evaluate()
        if self.watched:
            self._sums()
            looked = [*looked, self._cell_value("norm2"), self._cell_value("odd")]
        bad = self.finite(looked)
        self._branch(self.emit(f"fcmp uno double {bad}, 0.0"), "stop")
        self._stop_unless_moved()
        self._commit(value, lr)
        self._judge()
        self.label("stop")
        self._keep_best()
        return self._ended(needed)

    def _begin(self) -> None:
        """The cells of single numbers, at the beginning of the function."""
        for at, name in enumerate(Scalars._fields):
            self._cell(name, self.load(self.at("%scalars", at)))
        for name in ("norm2", "odd", "clip2", "is_best"):
            self._cell(name, 0.0)
        self._entry += ["  %done = alloca i64, align 8", "  store i64 0, ptr %done, align 8"]

    def _ended(self, needed: Sequence[str]) -> str:
        """The whole function. needed: the names of pointers that it takes."""
        for at, name in enumerate(Scalars._fields):
            self.store(self._cell_value(name), self.at("%scalars", at))
        if self.unrolled:
            self._store_arrays()
        done = self._done() if self.watched else self._done_if_finite()
        arrays = ", ".join(f"ptr noalias %{name}" for name in _ARRAYS)
        pointers = ", ".join(f"ptr %{name}" for name in needed)
        body = "\n".join([*self._entry, *self.lines])
        return f"""
define i64 @descend({arrays}, i64 %steps, {pointers}) {{
entry:
{body}
  ret i64 {done}
}}
{self.declarations}
{ATTRIBUTES}"""

    def _step_size(self) -> Operand:
        """The step size of this step; the loop stops before one of 0."""
        names = {**self.task.numbers, "k": self._counted(self._cell_value("number"))}
        factor = self.text(self.task.schedule.factor, names)
        if factor == 1.0:
            return self._cell_value("lr")
        lr = self.product(self._cell_value("lr"), factor, careful=False)
        self._branch(self.value("==", [lr, 0.0]), "stop")
        return lr

    def _update(self, lr: Operand) -> None:
        """The next point and the next state of every parameter."""
        shrink: Operand = 1.0
        if self.task.clipped:
            self._set_cell("clip2", 0.0)

            def add(at: str | int) -> None:
                g = self._pushing_inside(self._get(self.gradient, at), self.x, at)
                total = self._cell_value("clip2")
                self._set_cell("clip2", self.text("total + g*g", {"total": total, "g": g}))

            self._each(add)
            names = {name: self._cell_value(name) for name in ("clip", "clip2")}
            shrink = self.text("if(sqrt(clip2) > clip, clip/sqrt(clip2), 1)", names)
        k = self.value("+", [self._counted(self._cell_value("k")), 1.0])
        row = self.task.row

        def one(at: str | int) -> None:
            x, g = self._get(self.x, at), self._get(self.gradient, at)
            names: dict[str, Operand] = {**self.task.options, "x": x, "k": k, "lr": lr}
            names["g"] = self.product(g, shrink, careful=False)
            for name, array in zip(row.state, self.state, strict=True):
                names[name] = self._get(array, at)
            for target, statement in row.equations():
                names[target] = self.statement(statement, names)
            for name, array in zip(row.state, self.next_state, strict=True):
                self._set(array, at, names.get(f"{name}'", names[name]))
            self._set(self.next_x, at, self._inside(names["x'"], at))

        self._each(one)

    def _inside(self, x: Operand, at: str | int) -> Operand:
        if not self.task.bounded:
            return x
        names = {"x": x, "low": self._get(self.low, at), "high": self._get(self.high, at)}
        return self.text("if(x < low, low, if(x > high, high, x))", names)

    def _sums(self) -> None:
        """The squared norm of the next gradient, without what only pushes against a bound."""
        for name in ("norm2", "odd"):
            self._set_cell(name, 0.0)

        def one(at: str | int) -> None:
            whole = self._get(self.next_gradient, at)
            part = self.write(self._pushing_inside(whole, self.next_x, at))
            # The sum only tells when to look closer: LLVM may add in any order, and round once.
            self._add("norm2", self.emit(f"fmul reassoc contract double {part}, {part}"))
            if self.task.bounded:  # what pushes against a bound must be finite all the same
                self._add("odd", self.emit(f"fsub double {whole}, {whole}"))

        self._each(one)

    def _done_if_finite(self) -> str:
        """The steps of this batch; -1 if the point or its gradient is not finite."""
        self._set_cell("odd", 0.0)

        def one(at: str | int) -> None:
            for array in (self.x, self.gradient):
                number = self._get(array, at)
                self._add("odd", self.emit(f"fsub double {number}, {number}"))

        self._each(one)
        bad = self.emit(f"fcmp uno double {self._cell_value('odd')}, 0.0")
        return self.emit(f"select i1 {bad}, i64 -1, i64 {self._done()}")

    def _add(self, name: str, number: str) -> None:
        """Add a number to a cell, in any order."""
        total = self._cell_value(name)
        self._set_cell(name, self.emit(f"fadd reassoc contract double {total}, {number}"))

    def _pushing_inside(self, g: Operand, point: Array, at: str | int) -> Operand:
        """A derivative, 0 where it only pushes against a bound."""
        if not self.task.bounded:
            return g
        arrays = {"x": point, "low": self.low, "high": self.high}
        names = {"g": g, **{name: self._get(array, at) for name, array in arrays.items()}}
        return self.text("if(x <= low and g > 0 or x >= high and g < 0, 0, g)", names)

    def _stop_unless_moved(self) -> None:
        """Stop before a step after which every parameter is where it was."""
        # the first one nearly always moves: then there is no need to look at the others
        label = self._fresh_label()
        self._each(
            lambda at: self._branch(
                self.value("!=", [self._get(self.next_x, at), self._get(self.x, at)]), label
            )
        )
        self._jump("stop")
        self.label(label)

    def _commit(self, value: Operand, lr: Operand) -> None:
        """The step is done: what was next becomes what is."""
        done = self._done()
        self.store(self._turned(value), self.at("%values", done))
        after = self.emit(f"add i64 {done}, 1")
        self.lines.append(f"  store i64 {after}, ptr %done, align 8")
        self._set_cell("last_lr", lr)
        self._set_cell("before", self._cell_value("value"))
        self._set_cell("value", value)
        if self.task.by_change:
            highest = self.text("max(a, b)", {"a": self._cell_value("highest"), "b": value})
            self._set_cell("highest", highest)

        lower, label = self._fresh_label(), self._fresh_label()
        self._branch(self.value("<", [value, self._cell_value("best")]), lower)
        # the point is copied only when the next one is no lower: most steps of most runs are
        self._keep_best()
        self._set_cell("is_best", 0.0)
        self._jump(label)
        self.label(lower)
        self._set_cell("best", value)
        self._set_cell("best_at", self.emit(f"sitofp i64 {after} to double"))
        self._set_cell("is_best", 1.0)
        self._jump(label)
        self.label(label)

        def one(at: str | int) -> None:
            self._copy(self.x, self.last_x, at)
            for array, following in zip(self.now, self.next, strict=True):
                self._copy(following, array, at)

        self._each(one)

    def _keep_best(self) -> None:
        """Copy the point where the run stands if it is the best one."""
        label = self._fresh_label()
        self._branch(self.value("==", [self._cell_value("is_best"), 0.0]), label)
        self._each(lambda at: self._copy(self.x, self.best, at))
        self._jump(label)
        self.label(label)

    def _judge(self) -> None:
        """Stop where a rule may say so; whether it does is for the caller to see."""
        reasons = ["norm2 <= least_norm2"] if self.watched else []
        if self.task.by_change:
            reasons.append("abs(value - before) <= least_change*(highest - best)")
        if self.task.by_target:
            reasons.append("value <= target")
        names = {name: self._cell_value(name) for name in (*Scalars._fields, "norm2")}
        for each in reasons:
            self._branch(self.text(each, names), "stop")
        self._jump("head")

    def _change_gradient(self, change: Callable[[Operand], Operand]) -> None:
        """Change the next gradient, number by number."""
        gradient = self.next_gradient
        self._each(lambda at: self._set(gradient, at, change(self._get(gradient, at))))

    def _turned(self, number: Operand) -> Operand:
        """A number with the sign that makes every method minimise."""
        return self.product(number, self.task.sign, careful=False)

    def _counted(self, before: Operand) -> Operand:
        """A count of steps as a number: those before the batch and its own."""
        done = self.emit(f"sitofp i64 {self._done()} to double")
        return self.value("+", [before, done])
