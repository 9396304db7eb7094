"""The compiled loop of a descent (`descent.loop`) around nests of loops over arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from backprop.descent.cells import Array
from backprop.descent.compiled import Compiled, address, function, zeros
from backprop.descent.loop import Loop, Task
from backprop.descent.looped import LoopedObjective
from backprop.descent.objective import Objective
from backprop.engine.native.machine import Library, library
from backprop.engine.underflow import SCALE
from backprop.engine.writers.llvm import Operand, literal
from backprop.loops.native.at_point import AT_POINT, NestPoint
from backprop.loops.native.nest_engine import NOT_FINITE, TOO_SMALL, VANISHED, NestEngine
from backprop.loops.passes import SAME, UNSEEN
from backprop.syntax.functions import TINY

_SIZE = "max(abs(x), abs(y))"
_OTHER = f"if(abs(x - y) <= {SAME}*{_SIZE} or (abs(x - y) <= unseen and unseen > {_SIZE}), 0, 1)"
"""Whether two numbers are not the same in the sense of `passes.same`."""


class NestText(Loop):
    """The text of such a loop. Besides what every loop takes come the addresses of `nests`; of those where
    what is too small for a double is something else, 0 while there are none; of what `at_point` takes; of
    the scale of gradients, of the answers of `nests` at which the loop stops, and of its last answer; of
    the next point, its gradient and the output; of room for a second state and a second gradient."""

    kept = Array("%kept")
    _TAKES: tuple[str, ...] = (
        "nests", "shifted", "table", "fills", "moves", "scale", "refused", "answer",
        "next_x", "next_gradient", "output", "next_state", "kept",
    )  # fmt: skip

    @property
    def whole(self) -> str:
        return AT_POINT + self._function(self._TAKES, self._evaluate)

    def _evaluate(self) -> tuple[Operand, Sequence[Operand]]:
        seen = self._at_point("%nests", self.load("%scale"))
        self._stop_if(seen, self.load("%refused", "i32"))
        out: Operand = self.load("%output")
        certain = self._fresh_label()
        lost = self.emit(f"icmp ne i32 {self.emit(f'and i32 {seen}, {VANISHED}')}, 0")
        self._branch(lost, certain, unless=True)
        self._branch(self.emit("icmp eq ptr %shifted, null"), "stop")
        self._stop_unless_the_same(out)
        self._jump(certain)
        self.label(certain)
        if self.task.sign < 0:
            self._change_gradient(self._turned)
            out = self._turned(out)
        return out, [out]

    def _at_point(self, nests: str, scale: Operand) -> str:
        """Compute output and gradient at the next point; the answer of `nests`."""
        given = self.write(scale)
        answer = self.emit(
            f"call i32 @at_point(ptr {nests}, ptr %table, double {given}, ptr %next_x,"
            " ptr %next_gradient, ptr %fills, ptr %moves, i32 0)"
        )
        self.lines.append(f"  store i32 {answer}, ptr %answer, align 4")
        ready = self._fresh_label()
        self._branch(self.emit(f"fcmp oeq double {given}, {literal(1.0)}"), ready)
        self._change_gradient(lambda slope: self.value("/", [slope, scale]))
        self._jump(ready)
        self.label(ready)
        return answer

    def _stop_unless_the_same(self, out: Operand) -> None:
        """Stop unless output and gradient are what they are if what is too small is something else."""
        self._set_cell("odd", 0.0)
        self._each(lambda at: self._copy(self.next_gradient, self.kept, at))
        self._stop_if(self._at_point("%shifted", SCALE), str(NOT_FINITE))
        names: dict[str, Operand] = {"x": out, "y": self.load("%output"), "unseen": UNSEEN}
        self._add("odd", self.write(self.text(_OTHER, names)))

        def compare(at: str | int) -> None:
            arrays = {"x": self.kept, "y": self.next_gradient}
            slopes: dict[str, Operand] = {
                name: self._get(each, at) for name, each in arrays.items()
            }
            self._add("odd", self.write(self.text(_OTHER, {**slopes, "unseen": TINY})))
            self._copy(self.kept, self.next_gradient, at)

        self._each(compare)
        self._branch(
            self.emit(f"fcmp une double {self._cell_value('odd')}, {literal(0.0)}"), "stop"
        )

    def _stop_if(self, answer: str, bits: str) -> None:
        """Stop if an answer has one of these bits."""
        some = self.emit(f"and i32 {answer}, {bits}")
        self._branch(self.emit(f"icmp ne i32 {some}, 0"), "stop")


class NestLoop(Compiled):
    """That of an output by nests. Raises NoMachineCode."""

    by = ()

    def __init__(self, objective: Objective, task: Task) -> None:
        assert isinstance(objective, LoopedObjective)
        engine = objective.engine
        assert isinstance(engine, NestEngine)
        key = f"descend {task} by nests"
        text = library(key, lambda: NestText(task, unrolled=False).whole, vectors=True)
        self._ready(engine, task, text, NestText._TAKES)

    def _ready(self, engine: NestEngine, task: Task, made: Library, takes: Sequence[str]) -> None:
        """Make ready what the loop takes, which has these names."""
        self._engine, self._at, self._library = engine, NestPoint(engine), made
        self._descend = function(made, len(takes))
        self._scale = ctypes.c_double(1.0)
        self._refused, self._answer = ctypes.c_int32(NOT_FINITE | TOO_SMALL), ctypes.c_int32(0)
        self._shifted = 0
        """The address of the nests where what is too small for a double is something else."""
        self._beside = zeros(task.parameters * len(task.row.state)), zeros(task.parameters)

    def run(self, arrays: Sequence[int], steps: int) -> int | None:
        at, (state, kept) = self._at, self._beside
        cells = (ctypes.addressof(each) for each in (self._scale, self._refused, self._answer))
        done = self._descend(
            *arrays, steps, self._engine.code(False).address, self._shifted, at.table,
            at.fills.ctypes.data, at.moves.ctypes.data, *cells, at.x.ctypes.data,
            at.gradient.ctypes.data, at.output, address(state), address(kept), *self._besides(),
        )  # fmt: skip
        return None if self._learns(self._answer.value) and not done else done

    def _besides(self) -> Sequence[int]:
        """Further addresses that the loop takes."""
        return ()

    def _learns(self, answer: int) -> bool:
        """Whether the loop does better from here on: by machine code that was not needed so far, or with
        another scale of the gradients."""
        if answer & NOT_FINITE:
            return False
        if answer & TOO_SMALL and self._scale.value == 1.0:
            self._scale.value, self._refused.value = SCALE, NOT_FINITE
            return True
        if answer & VANISHED and not self._shifted:
            self._shifted = self._engine.code(True).address
            return True
        return False
