"""Threads that stay awake between passes of machine code: to hand work to one that sleeps takes as long as a
hundred thousand rows.

Each has a box, of which the first number says how it stands with it: FREE, it looks there for work; GIVEN,
there is some; TAKEN, it does it; ASLEEP. Who gives work takes it back if nobody has taken it when it has
done the rest itself, so that nobody waits for a thread that the system lets wait. A thread that has looked
long enough sleeps, and one that has slept long enough ends.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from threading import Event, Lock, Thread
from typing import Any

import numpy

from backprop.engine.native.machine import library, processor

FREE, GIVEN, TAKEN, ASLEEP = range(4)

_LOOKS = 40_000
"""So often a thread looks for work before it sleeps: 1 to 3 ms."""

_SLEEPS = 0.5
"""Seconds after which a thread that sleeps ends."""

_TEXT = """
define internal fastcc void @rest(i64 %times) {
entry:
  %part = and i64 %times, 127
  %often = icmp eq i64 %part, 127
  br i1 %often, label %yield, label %pause
yield:
  YIELD
  br label %done
pause:
  PAUSE
  br label %done
done:
  ret void
}

define i32 @serve(ptr %box, i64 %most) {
entry:
  br label %look
look:
  %looks = phi i64 [0, %entry], [%looks1, %pause], [0, %work]
  %looks1 = add i64 %looks, 1
  %got = cmpxchg ptr %box, i64 GIVEN, i64 TAKEN acq_rel acquire
  %mine = extractvalue { i64, i1 } %got, 1
  br i1 %mine, label %work, label %wait
work:
  %function.at = getelementptr i64, ptr %box, i64 1
  %function = load ptr, ptr %function.at, align 8
  %job.at = getelementptr i64, ptr %box, i64 2
  %job = load ptr, ptr %job.at, align 8
  %place.at = getelementptr i64, ptr %box, i64 3
  %place = load ptr, ptr %place.at, align 8
  call void %function(ptr %job, ptr %place)
  store atomic i64 FREE, ptr %box release, align 8
  br label %look
wait:
  %more = icmp slt i64 %looks1, %most
  br i1 %more, label %pause, label %sleep
pause:
  call fastcc void @rest(i64 %looks)
  br label %look
sleep:
  %slept = cmpxchg ptr %box, i64 FREE, i64 ASLEEP acq_rel acquire
  %asleep = extractvalue { i64, i1 } %slept, 1
  br i1 %asleep, label %done, label %look.again
look.again:
  br label %pause
done:
  ret i32 0
}

define void @share(ptr %boxes, i64 %count, ptr %function, ptr %job, ptr %place) {
entry:
  br label %give
give:
  %g = phi i64 [0, %entry], [%g1, %given]
  %g.on = icmp slt i64 %g, %count
  br i1 %g.on, label %giving, label %own
giving:
  %g1 = add i64 %g, 1
  %g.box = getelementptr [8 x i64], ptr %boxes, i64 %g
  %g.got = cmpxchg ptr %g.box, i64 FREE, i64 GIVEN acq_rel acquire
  br label %given
given:
  br label %give
own:
  call void %function(ptr %job, ptr %place)
  br label %end
end:
  %e = phi i64 [0, %own], [%e1, %ended]
  %e.on = icmp slt i64 %e, %count
  br i1 %e.on, label %ending, label %done
ending:
  %e.box = getelementptr [8 x i64], ptr %boxes, i64 %e
  %e.back = cmpxchg ptr %e.box, i64 GIVEN, i64 FREE acq_rel acquire
  br label %still
still:
  %waits = phi i64 [0, %ending], [%waits1, %pause]
  %waits1 = add i64 %waits, 1
  %state = load atomic i64, ptr %e.box acquire, align 8
  %busy = icmp eq i64 %state, TAKEN
  br i1 %busy, label %pause, label %ended
pause:
  call fastcc void @rest(i64 %waits)
  br label %still
ended:
  %e1 = add i64 %e, 1
  br label %end
done:
  ret void
}
"""
"""`serve(box, most)`: does what is given, until it has looked so often for more. `share(boxes, count,
function, job, place)`: calls `function(job, place)`, here and in those that are free, each with the place of
its box; when it is back nobody else has a part in it."""


def _text() -> str:
    text = _TEXT
    for name, number in (("FREE", FREE), ("GIVEN", GIVEN), ("TAKEN", TAKEN), ("ASLEEP", ASLEEP)):
        text = text.replace(name, str(number))
    pause, give = "fence acquire", "fence acquire"
    if processor()[0].startswith(("x86_64", "i686")):
        pause = "call void @llvm.x86.sse2.pause()"
        text += "declare void @llvm.x86.sse2.pause()\n"
    with suppress(AttributeError, OSError, TypeError):
        if ctypes.CDLL(None).sched_yield:  # who waits lets others have the processor
            give = "call i32 @sched_yield()"
            text += "declare i32 @sched_yield()\n"
    return text.replace("PAUSE", pause).replace("YIELD", give)


class _Worker:
    """A thread with its box, four of eight numbers: the state, the address of a function, those of its
    job, and of its place."""

    def __init__(self, box: Any) -> None:
        self.box, self.woken = box, Event()
        box[0] = FREE
        Thread(target=self._run, daemon=True, name="backprop rows").start()

    def _run(self) -> None:
        serve = _library().function("serve", ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
        while True:
            with suppress(Exception):  # who gave the work sees what is not finite
                serve(self.box.ctypes.data, _LOOKS)
            if self.woken.wait(_SLEEPS):
                self.woken.clear()
                continue
            with _lock:
                if not self.woken.is_set():
                    _workers.remove(self)
                    return
                self.woken.clear()


_lock = Lock()
"""Held while work is shared, and where workers begin and end."""

_workers: list[_Worker] = []


def _alone() -> None:
    """Forget threads that another process has."""
    global _lock
    _lock = Lock()
    _workers.clear()
    _boxes[:, 0] = FREE


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_alone)

_MOST = 256
_boxes = numpy.zeros((_MOST, 8), dtype=numpy.int64)


@cache
def _library() -> Any:
    text = _text()
    return library(text, lambda: text, wide=True)


def share(function: int, job: int, places: Sequence[int]) -> bool:
    """Let `function(job, place)` run in this thread with the first place, and in others with the others, as
    far as there are any awake; all are addresses. False, and nothing is done, where work is shared just
    now."""
    if not _lock.acquire(blocking=False):
        return False
    try:
        helpers = _ready(min(len(places) - 1, _MOST))
        for worker, place in zip(helpers, places[1:], strict=False):
            worker.box[1:4] = function, job, place
        kinds = ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 3
        run = _library().function("share", None, *kinds)
        run(_boxes.ctypes.data, len(helpers), function, job, places[0])
    finally:
        _lock.release()
    return True


def _ready(count: int) -> list[_Worker]:
    """So many workers, in the order of their boxes; those that sleep are woken."""
    taken = {worker.box.ctypes.data for worker in _workers}
    _workers.extend(_Worker(box) for box in _boxes[:count] if box.ctypes.data not in taken)
    _workers.sort(key=lambda worker: worker.box.ctypes.data)
    for worker in _workers[:count]:
        if worker.box[0] == ASLEEP:
            worker.box[0] = FREE
            worker.woken.set()
    return _workers[:count]
