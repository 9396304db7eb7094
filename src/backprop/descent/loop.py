"""First-order descent as one compiled loop: updates, evaluations and the reasons to stop, as text for
LLVM.

The loop does what `FirstOrder.descend` does step by step, and leaves to it whatever is not an ordinary
step: it stops before a step whose value or gradient is not finite, and after one that a stopping rule
may end. A small graph stands inside the loop, each parameter in a register of its own; for a large one
the loop calls the kernels of its tape and goes over arrays of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop.descent.optimizers import Optimizer, Schedule
from backprop.descent.run import STILL
from backprop.engine.native.formulas import Code, Operand
from backprop.engine.native.machine import ATTRIBUTES
from backprop.engine.native.straight import finite, loads
from backprop.engine.straight import Straight
from backprop.language import equations, formula
from backprop.values import Value

SCALARS = tuple(
    """lr k number value before still best best_at length2 last_lr
    least_norm2 least_change target clip sign""".split()
)
"""What the loop is told and tells, doubles in this order: the step size without its schedule; updates
and steps so far; the output (of sign `sign`) now and one step before; steps that moved nothing; the
lowest output and its step in this batch (-1: none in it); the last step's squared length and step
size; then the rules: squared gradient norm, relative change (-1: no rule), output, clipping."""

KEPT = 10
"""How many of them the loop changes: the first."""


class Loop:
    """The text of `descend(scalars, x, gradient, state, best, values, low, high, steps, …)`.

    It returns the number of steps done. x, gradient: the point, changed in place. state: an array for
    each name of the optimizer's, one behind the other. best: takes the lowest point. values: takes the
    output of each step. low, high: bounds, read only if `bounded`. Then, for a small graph, the numbers
    of its fixed leaves; for a tape its address, the addresses of `forward` and `backward`, the arrays of
    its values and gradients, the place of its root, and room for a second state.
    """

    def __init__(
        self,
        row: Optimizer,
        options: Mapping[str, float],
        schedule: Schedule,
        numbers: Mapping[str, float],
        count: int,
        bounded: bool,
        clipped: bool,
    ) -> None:
        self.row, self.options = row, options
        self.schedule, self.numbers = schedule, numbers
        self.count = count
        self.bounded, self.clipped = bounded, clipped
        self.code = Code()
        self._labels = 0
        self._entry: list[str] = []

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
            out = code.product(graph.forward(), sign, careful=False)
            graph.backward()
            for at, gradient in enumerate(graph.gradients.values()):
                self._set("gn", at, code.product(gradient, sign, careful=False))
            return out, graph.checked

        constants = loads(self.code, "%fixed", fixed)
        sign = self._scalar("sign")
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
            out = code.product(code.emit(f"load double, ptr {place}, align 8"), sign, careful=False)
            self._each(
                lambda at: self._set(
                    "gn", at, code.product(self._get("gn", at), sign, careful=False)
                )
            )
            return out, [out]

        sign = self._scalar("sign")
        parameters = "ptr %tape, ptr %forward, ptr %backward, ptr %xn, ptr %gn, i64 %root, ptr %sn"
        return self._text(parameters, evaluate)

    # ------------------------------------------------------------------------------ the loop

    def _text(
        self, parameters: str, evaluate: Callable[[], tuple[Operand, Sequence[Operand]]]
    ) -> str:
        code = self.code
        for name in SCALARS[:KEPT]:
            self._cell(name)
            self._set_cell(name, self._scalar(name))
        for name in ("done", "norm2", "length2n", "path"):
            self._cell(name)
            self._set_cell(name, 0.0)
        rules = {name: self._scalar(name) for name in SCALARS[KEPT:]}
        if self._unrolled:
            self._load_arrays()
        self._norm2("g", "x")
        self._jump("head")
        self._label("head")
        steps = code.emit("sitofp i64 %steps to double")
        more = code.emit(f"fcmp olt double {self._cell_value('done')}, {steps}")
        self._branch(more, "stop", unless=True)
        lr = self._step_size()
        self._update(lr, rules)
        value, looked = evaluate()
        for name in ("length2n", "path"):
            self._set_cell(name, 0.0)
        self._norm2("gn", "xn")
        bad = finite(code, [*looked, self._cell_value("norm2")])
        self._branch(code.emit(f"fcmp uno double {bad}, 0.0"), "stop")
        self._commit(value, lr)
        self._judge(rules)
        self._label("stop")
        for at, name in enumerate(SCALARS[:KEPT]):
            place = code.emit(f"getelementptr double, ptr %scalars, i64 {at}")
            code.lines.append(f"  store double {self._cell_value(name)}, ptr {place}, align 8")
        if self._unrolled:
            self._store_arrays()
        done = code.emit(f"fptosi double {self._cell_value('done')} to i64")
        arrays = ", ".join(
            f"ptr noalias %{name}" for name in ("scalars", "xs", "gs", "state", "best")
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

    def _step_size(self) -> Operand:
        """The step size of this step; the loop stops before one of 0."""
        code = self.code
        k = self._cell_value("number")
        factor = code.right_side(formula(self.schedule.factor), {**self.numbers, "k": k})
        lr = code.product(self._cell_value("lr"), factor, careful=False)
        none = code.emit(f"fcmp oeq double {code.write(lr)}, 0.0")
        self._branch(none, "stop")
        return lr

    def _update(self, lr: Operand, rules: Mapping[str, Operand]) -> None:
        """The next point and the next state of every parameter."""
        code = self.code
        shrink: Operand = 1.0
        if self.clipped:
            self._norm2("g", "x")
            size = code.value("sqrt", [self._cell_value("norm2")])
            longer = code.value(">", [size, rules["clip"]])
            part = code.value("/", [rules["clip"], size])
            shrink = code.value("if", [longer, part, 1.0])
        k = code.value("+", [self._cell_value("k"), 1.0])

        def one(at: str | int) -> None:
            x, g = self._get("x", at), self._get("g", at)
            names: dict[str, Operand] = {**self.options, "x": x, "k": k, "lr": lr}
            names["g"] = code.product(g, shrink, careful=False)
            for number, name in enumerate(self.row.state):
                names[name] = self._get(f"s{number}", at)
            for statement in equations(self.row.update, self.row.name):
                target = statement.tokens.texts[statement.shape.target]
                names[target] = code.right_side(statement, names)
            for number, name in enumerate(self.row.state):
                self._set(f"s{number}n", at, names.get(f"{name}'", names[name]))
            self._set("xn", at, self._inside(names["x'"], at))

        self._each(one)

    def _inside(self, x: Operand, at: str | int) -> Operand:
        if not self.bounded:
            return x
        code = self.code
        low, high = self._get("low", at), self._get("high", at)
        upper = code.value("if", [code.value(">", [x, high]), high, x])
        return code.value("if", [code.value("<", [x, low]), low, upper])

    def _norm2(self, gradient: str, point: str) -> None:
        """The squared norm of a gradient, without what only pushes against a bound; and, on the way,
        the squared length of the step."""
        code = self.code
        self._set_cell("norm2", 0.0)

        def one(at: str | int) -> None:
            g: Operand = self._get(gradient, at)
            if self.bounded:
                x = self._get(point, at)
                low, high = self._get("low", at), self._get("high", at)
                below = [code.value("<=", [x, low]), code.value(">", [g, 0.0])]
                above = [code.value(">=", [x, high]), code.value("<", [g, 0.0])]
                pushes = code.value("or", [code.value("and", below), code.value("and", above)])
                g = code.value("if", [pushes, 0.0, g])
            self._add("norm2", code.value("*", [g, g]))
            if point == "xn":
                move = code.value("-", [self._get("xn", at), self._get("x", at)])
                self._add("length2n", code.value("*", [move, move]))
                self._add("path", code.value("abs", [move]))  # no square, which may underflow

        self._each(one)

    def _commit(self, value: Operand, lr: Operand) -> None:
        """The step is done: what was next becomes what is."""
        code = self.code
        text = code.write(value)
        done = self._cell_value("done")
        index = code.emit(f"fptosi double {done} to i64")
        place = code.emit(f"getelementptr double, ptr %values, i64 {index}")
        signed = code.product(value, self._scalar("sign"), careful=False)
        code.lines.append(f"  store double {code.write(signed)}, ptr {place}, align 8")
        for name in ("done", "k", "number"):
            self._set_cell(name, code.value("+", [self._cell_value(name), 1.0]))
        still = code.value("+", [self._cell_value("still"), 1.0])
        moved = code.value(">", [self._cell_value("path"), 0.0])
        self._set_cell("still", code.value("if", [moved, 0.0, still]))
        self._set_cell("length2", self._cell_value("length2n"))
        self._set_cell("last_lr", lr)
        self._set_cell("before", self._cell_value("value"))
        self._set_cell("value", text)

        def one(at: str | int) -> None:
            self._set("x", at, self._get("xn", at))
            self._set("g", at, self._get("gn", at))
            for number in range(len(self.row.state)):
                self._set(f"s{number}", at, self._get(f"s{number}n", at))

        self._each(one)
        better = code.emit(f"fcmp olt double {text}, {self._cell_value('best')}")
        after = self._fresh_label()
        self._branch(better, after, unless=True)
        self._set_cell("best", text)
        self._set_cell("best_at", self._cell_value("done"))
        self._each(lambda at: self._set("best", at, self._get("x", at)))
        self._jump(after)
        self._label(after)

    def _judge(self, rules: Mapping[str, Operand]) -> None:
        """Stop where a rule may say so; whether it does is for the caller to see."""
        code = self.code
        value, before = self._cell_value("value"), self._cell_value("before")
        size = code.value("max", [1.0, code.value("abs", [value])])
        change = code.value("abs", [code.value("-", [value, before])])
        limit = code.value("*", [rules["least_change"], size])
        reasons = [
            code.value("<=", [self._cell_value("norm2"), rules["least_norm2"]]),
            code.value("<=", [change, limit]),
            code.value("<=", [value, rules["target"]]),
            code.value(">=", [self._cell_value("still"), float(STILL)]),
        ]
        found = reasons[0]
        for each in reasons[1:]:
            found = code.value("or", [found, each])
        self._branch(str(found), "stop")
        self._jump("head")

    # --------------------------------------------------------------------------- the pieces

    def _each(self, body: Callable[[str | int], object]) -> None:
        """Something for each parameter: written out for each, or as a loop."""
        code = self.code
        if self._unrolled:
            for at in range(self.count):
                body(at)
            return
        cell = self._fresh_label()
        self._entry.append(f"  %{cell}.at = alloca i64, align 8")
        code.lines.append(f"  store i64 0, ptr %{cell}.at, align 8")
        self._jump(cell)
        self._label(cell)
        at = code.emit(f"load i64, ptr %{cell}.at, align 8")
        body(at)
        after = code.emit(f"add i64 {at}, 1")
        code.lines.append(f"  store i64 {after}, ptr %{cell}.at, align 8")
        more = code.emit(f"icmp slt i64 {after}, {self.count}")
        done = self._fresh_label()
        code.lines.append(f"  br i1 {more}, label %{cell}, label %{done}")
        self._label(done)

    def _array(self, name: str) -> tuple[str, int]:
        """The pointer behind which an array stands, and how many parameters' worth before it."""
        if name[0] == "s":
            return ("%sn" if name.endswith("n") else "%state"), int(name.strip("sn"))
        return {"x": "%xs", "g": "%gs"}.get(name, f"%{name}"), 0

    def _place(self, name: str, at: str | int) -> str:
        if self._unrolled and name not in ("low", "high", "best"):
            return f"%{name}.{at}"
        pointer, before = self._array(name)
        code = self.code
        index: str | int = at
        if before:
            index = code.emit(f"add i64 {at}, {before * self.count}")
        return code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")

    def _get(self, name: str, at: str | int) -> str:
        return self.code.emit(f"load double, ptr {self._place(name, at)}, align 8")

    def _set(self, name: str, at: str | int, number: Operand) -> None:
        text = self.code.write(number)
        self.code.lines.append(f"  store double {text}, ptr {self._place(name, at)}, align 8")

    def _load_arrays(self) -> None:
        """Every parameter and its state into registers (cells that LLVM makes registers of)."""
        states = [f"s{number}" for number in range(len(self.row.state))]
        for name in ("x", "g", *states):
            for at in range(self.count):
                self._entry += [
                    f"  %{each}.{at} = alloca double, align 8" for each in (name, f"{name}n")
                ]
                self._set(name, at, self._outside(name, at))

    def _outside(self, name: str, at: int) -> str:
        pointer, before = self._array(name)
        index = at + before * self.count
        place = self.code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")
        return self.code.emit(f"load double, ptr {place}, align 8")

    def _store_arrays(self) -> None:
        code = self.code
        states = [f"s{number}" for number in range(len(self.row.state))]
        for name in ("x", "g", *states):
            pointer, before = self._array(name)
            for at in range(self.count):
                number = self._get(name, at)
                index = at + before * self.count
                place = code.emit(f"getelementptr double, ptr {pointer}, i64 {index}")
                code.lines.append(f"  store double {number}, ptr {place}, align 8")

    def _cell(self, name: str) -> None:
        self._entry.append(f"  %cell.{name} = alloca double, align 8")

    def _cell_value(self, name: str) -> str:
        return self.code.emit(f"load double, ptr %cell.{name}, align 8")

    def _set_cell(self, name: str, number: Operand) -> None:
        self.code.lines.append(
            f"  store double {self.code.write(number)}, ptr %cell.{name}, align 8"
        )

    def _add(self, name: str, number: Operand) -> None:
        self._set_cell(name, self.code.value("+", [self._cell_value(name), number]))

    def _scalar(self, name: str) -> str:
        place = self.code.emit(f"getelementptr double, ptr %scalars, i64 {SCALARS.index(name)}")
        return self.code.emit(f"load double, ptr {place}, align 8")

    def _fresh_label(self) -> str:
        self._labels += 1
        return f"block{self._labels}"

    def _label(self, name: str) -> None:
        self.code.lines.append(f"{name}:")
        self.code.forget()

    def _jump(self, label: str) -> None:
        self.code.lines.append(f"  br label %{label}")

    def _branch(self, condition: str, label: str, unless: bool = False) -> None:
        """Go to a label if a condition holds (unless it does), and on otherwise."""
        on = self._fresh_label()
        first, second = (on, label) if unless else (label, on)
        self.code.lines.append(f"  br i1 {condition}, label %{first}, label %{second}")
        self.code.lines.append(f"{on}:")
