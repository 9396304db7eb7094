"""The names of a Model of loops, which are made when somebody goes through them, and not to look at a few."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from math import isnan
from types import MappingProxyType
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

from backprop.loops.family import Family
from backprop.loops.held import Marks, hold
from backprop.loops.many import NotLoops
from backprop.loops.naming import MemberNames, NumbersByName
from backprop.loops.plan import Plan
from backprop.names import Names

_FEW = 100
"""So many names are shown as they are."""


class _Looped(Protocol):
    """What is needed of a LoopModel."""

    plan: Plan
    naming: MemberNames
    loops: Any
    fixed: Collection[str]

    @property
    def inputs(self) -> list[str]: ...

    @property
    def index(self) -> dict[str, tuple[Family, int]]: ...

    def place(self, name: str) -> tuple[Family, int] | None: ...

    def is_equation(self, name: str) -> bool: ...

    def unrolled(self) -> Any: ...


class Labels(Mapping[str, int]):
    """The names of a Model, and their rows once it is unrolled: asking for a row unrolls it."""

    field = "names"
    """What this becomes then."""

    def __init__(self, model: _Looped) -> None:
        self._model = model

    @property
    def _rows(self) -> Mapping[str, int] | None:
        """The rows of a Model that has been unrolled meanwhile."""
        rows: Mapping[str, int] = getattr(self._model, self.field)
        return None if self._model.loops else rows

    def __contains__(self, name: object) -> bool:
        rows = self._rows
        return name in rows if rows is not None else isinstance(name, str) and self._has(name)

    def _has(self, name: str) -> bool:
        return self._model.place(name) is not None

    def __iter__(self) -> Iterator[str]:
        if (rows := self._rows) is not None:
            return iter(rows)
        return self._all()

    def _all(self) -> Iterator[str]:
        return iter(self._model.naming.every())

    def members_of(self, family: str) -> list[str]:
        """The names of a family, in the order of the file."""
        if self._rows is None and self._model.naming.in_turn:
            return self._model.naming.of_family(family, self._marks(family))
        return [name for name in self if name.partition("[")[0] == family]

    def fitting(self, pattern: str) -> list[str] | None:
        """The names that fit a pattern, `w[2..4,*]`, in the order of the file; None where only a look at all
        of them tells."""
        if self._rows is not None or not self._model.naming.in_turn:
            return None
        return self._model.naming.fitting(pattern, self._marks)

    def _marks(self, family: str) -> NDArray[numpy.bool_] | None:
        """Which members of a family these are; None for all."""
        return None

    def __len__(self) -> int:
        if (rows := self._rows) is not None:
            return len(rows)
        return sum(1 for _ in self._all())

    def __getitem__(self, name: str) -> int:
        if name not in self:
            raise KeyError(name)
        if self._rows is None:
            self._model.unrolled()
        rows: Mapping[str, int] = getattr(self._model, self.field)
        return rows[name]


class Defaults(Labels):
    """The names that the file gives numbers."""

    field = "defaults"

    def _has(self, name: str) -> bool:
        found = self._model.place(name)
        return found is not None and not isnan(self._model.plan.defaults[found[0].name][found[1]])

    def _marks(self, family: str) -> NDArray[numpy.bool_] | None:
        plan = self._model.plan
        if family not in plan.families:
            return None
        return ~numpy.isnan(plan.defaults[family][: plan.families[family].size])

    def _all(self) -> Iterator[str]:
        numbers = {name: each.copy().tolist() for name, each in self._model.plan.defaults.items()}
        for name, (family, place) in self._model.index.items():
            if not isnan(numbers[family.name][place]):
                yield name


class Settable(Labels):
    """The names that can be given a number."""

    @cached_property
    def _free(self) -> dict[str, NDArray[numpy.bool_]]:
        """Of each family which members these are."""
        plan = self._model.plan
        found = {name: plan.inputs_of(name) for name in plan.families}
        for name, marks in plan.deciding.items():
            found[name] = found[name] & ~marks[:-1]
        return found

    def _has(self, name: str) -> bool:
        found = self._model.place(name)
        return found is not None and bool(self._free[found[0].name][found[1]])

    def _marks(self, family: str) -> NDArray[numpy.bool_] | None:
        return self._free.get(family)

    def _all(self) -> Iterator[str]:
        return iter(self._model.inputs)


class Declarable(Labels):
    """The names of a Model, each with a row that is a step if it is computed. Those that nothing is
    declared of are not listed."""

    _listed: Mapping[str, int] = MappingProxyType({})

    def _all(self) -> Iterator[str]:
        plan = self._model.plan
        order, declared = plan.in_file_order, plan.builder.declarations
        if order.ranks is not None:
            return super()._all()
        families = {text for statement in declared.later for text in statement.tokens.texts}
        return iter(self._known(families))

    def hold(self, pattern: str, known: Names) -> None:
        """Make constants of the inputs that a pattern means. known: these names. Raises NotLoops where there
        is a mistake."""
        plan = self._model.plan
        own = pattern.partition("[")[0]
        family = plan.families.get(own)
        if family is None:
            raise NotLoops("what is declared has a mistake")
        if pattern in (own, f"{own}[*]"):
            places = numpy.arange(family.size)
        else:
            labels, missing = known.meant(pattern)
            found = None if missing else family.all_named(labels)
            if found is None:
                raise NotLoops("what is declared has a mistake")
            places = found
        inputs = places[plan.inputs_of(own)[places]]
        if not len(inputs) or (own in plan.held and plan.held[own][inputs].all()):
            raise NotLoops("what is declared has a mistake")
        hold(plan.held, family, inputs)

    def members_of(self, family: str) -> list[str]:
        return (
            [*self._known({family})] if self._model.naming.in_turn else super().members_of(family)
        )

    def _known(self, families: set[str]) -> dict[str, int]:
        found = self._model.naming.kinds(families)
        self._listed = {**self._listed, **found}
        return found

    def __getitem__(self, name: str) -> int:
        if name in self._listed:
            return self._listed[name]
        plan = self._model.plan
        return plan.step if self._model.is_equation(name) else plan.input


class Held(NumbersByName):
    """The names of the members that are const, in the order of the file."""

    def __init__(self, plan: Plan, naming: MemberNames, marks: Marks) -> None:
        none = {
            name: numpy.broadcast_to(numpy.False_, family.size + 1)
            for name, family in plan.families.items()
        }
        super().__init__(plan, naming, {}, none | {**marks})
        self.marks = marks

    def __getitem__(self, at: Any) -> Any:
        """As that of the tuple of the names."""
        return (*self,)[at]

    @property
    def one_of_each(self) -> Iterator[str]:
        """The first name of each family that has some."""
        for name, marks in self.marks.items():
            at = int(numpy.argmax(marks))
            yield from self._plan.families[name].labels(slice(at, at + 1))

    def __contains__(self, name: object) -> bool:
        own = name.partition("[")[0] if isinstance(name, str) else ""
        return own in self.marks and super().__contains__(name)

    def __repr__(self) -> str:
        return repr((*self,)) if len(self) <= _FEW else f"{len(self)} of {', '.join(self.marks)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and (*self,) == (*other,)

    __hash__ = None  # type: ignore[assignment]
