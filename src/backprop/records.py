"""Records: classes whose instances are their fields, as `dataclasses` makes them, but made sooner.

Importing `dataclasses` takes 5 ms, a seventh of a whole run of `backprop grad`, and half a
millisecond more for each class. Here only `__init__` is compiled; the rest is shared. What a program
asks of a dataclass (`fields`, `replace`, `asdict`) works on records as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform()
def record(*, frozen: bool = False, slots: bool = False) -> Callable[[type[T]], type[T]]:
    """A class decorator: the annotated names of the class body are its fields, in that order.

    The class gets `__init__`, `__repr__`, `__eq__` by all fields, and pickling; a frozen one is
    hashed by its fields and cannot be changed. It must not inherit from another record, and the
    default of a field is shared, so it should be immutable.

        >>> @record(frozen=True)
        ... class Point:
        ...     x: float
        ...     y: float = 0.0
        >>> Point(2.0)
        Point(x=2.0, y=0.0)
    """

    def make(found: type[T]) -> type[T]:
        names = tuple(found.__annotations__)
        body = dict(found.__dict__)
        defaults = {name: body[name] for name in names if name in body}
        body |= {
            "__init__": _init(names, defaults, frozen),
            "__repr__": _repr,
            "__eq__": _eq,
            "__hash__": _hash if frozen else None,
            "__reduce__": _reduce,
            "__match_args__": names,
            "__dataclass_fields__": _Fields(names, defaults),
        }
        if frozen:
            body |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if not slots:
            for name, value in body.items():
                if found.__dict__.get(name) is not value:
                    setattr(found, name, value)
            return found
        for name in ("__dict__", "__weakref__", *defaults):
            body.pop(name, None)
        made: type[T] = type(found.__name__, found.__bases__, {**body, "__slots__": names})
        return made

    return make


def _init(names: tuple[str, ...], defaults: dict[str, Any], frozen: bool) -> Any:
    parameters = ", ".join(f"{name}=_d[{name!r}]" if name in defaults else name for name in names)
    form = "_set(self, {0!r}, {0})" if frozen else "self.{0} = {0}"
    lines = "; ".join(form.format(name) for name in names)
    scope: dict[str, Any] = {"_d": defaults, "_set": object.__setattr__}
    exec(f"def __init__(self, {parameters}): {lines}", scope)
    return scope["__init__"]


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), _values(self)


def _refuse_to_set(self: Any, name: str, _: object) -> None:
    raise AttributeError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise AttributeError(f"cannot delete field {name!r}")


class _Fields:
    """The fields as `dataclasses` knows them, for programs that ask for them."""

    def __init__(self, names: tuple[str, ...], defaults: dict[str, Any]) -> None:
        self.names = names
        self.defaults = defaults

    def __get__(self, instance: object, owner: type) -> Any:
        from dataclasses import dataclass

        body = {**self.defaults, "__annotations__": dict.fromkeys(self.names, "object")}
        twin: Any = dataclass(type("Twin", (), body))
        return twin.__dataclass_fields__
