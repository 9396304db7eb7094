"""Records are to who uses them what dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property

import pytest

from backprop.records import record


@record(frozen=True)
class Point:
    """A point, with a comparison that a dataclass has as well."""

    x: float
    y: float = 0.0

    @cached_property
    def size(self) -> float:
        return abs(self.x) + abs(self.y)


@record(frozen=True, slots=True)
class Slim:
    """The same without a dictionary."""

    x: float
    y: tuple[float, ...] = ()

    @property
    def both(self) -> tuple[float, ...]:
        return (self.x, *self.y)


@record(slots=True)
class Counter:
    """One that changes."""

    name: str
    count: int = 0


def test_a_record_is_what_a_dataclass_is() -> None:
    point = Point(2.0, y=1.0)
    assert (point.x, point.y, point.size, Point(2.0).y) == (2.0, 1.0, 3.0, 0.0)
    assert repr(point) == "Point(x=2.0, y=1.0)"
    assert point == Point(2.0, 1.0) != Point(2.0)
    assert point != (2.0, 1.0)
    assert len({point, Point(2.0, 1.0), Point(1.0)}) == 2
    assert Slim(1.0, (2.0,)).both == (1.0, 2.0)
    assert not hasattr(Slim(1.0), "__dict__")
    match point:
        case Point(x, y):
            assert (x, y) == (2.0, 1.0)


@pytest.mark.parametrize("made", [Point(1.0), Slim(1.0)])
def test_a_frozen_record_cannot_be_changed(made: Point | Slim) -> None:
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        made.x = 2.0  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete field 'x'"):
        del made.x
    assert made.x == 1.0


def test_others_can_and_are_not_hashed() -> None:
    counter = Counter("n")
    counter.count += 1
    assert counter == Counter("n", 1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)
    with pytest.raises(AttributeError):
        counter.other = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1})],
)
def test_wrong_arguments_are_refused(arguments: tuple[float, ...], names: dict[str, float]) -> None:
    with pytest.raises(TypeError):
        Point(*arguments, **names)


@pytest.mark.parametrize("made", [Point(1.0, 3.0), Slim(1.0, (3.0,)), Counter("n", 2)])
def test_records_are_copied_pickled_and_asked_for_their_fields(
    made: Point | Slim | Counter,
) -> None:
    assert copy.copy(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made
    assert dataclasses.is_dataclass(made)
    names = [field.name for field in dataclasses.fields(made)]
    assert names == list(dataclasses.asdict(made)) == list(made.__match_args__)  # type: ignore[union-attr]
    first = names[0]
    changed = dataclasses.replace(made, **{first: 7})
    assert getattr(changed, first) == 7
    assert getattr(changed, names[1]) == getattr(made, names[1])
