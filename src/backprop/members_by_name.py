"""Numbers that a program gives for whole families: `{"x": 1}`, `{"w[1,*]": 0}`, `{"x": [1, 2, 3]}`."""

from collections.abc import Mapping
from typing import Any

from backprop.errors import NotANumber, UnknownName
from backprop.language import Model
from backprop.names import Names, indices
from backprop.source import normal

_METHODS = {
    "times": "hessian_times({'a': 1})",
    "diagonal": "hessian_diagonal()",
    "sparse": "hessian_sparse() and jacobian_sparse()",
    "along": "along({'a': 1})",
    "order": "along({'a': 1}, order=2) and diff(order=2)",
    "rows": "over(data)",
    "data": "over(data), which is a Model, and grad(data=…)",
    "format": "print(…) and, of some, .latex and .markdown",
}
"""What has, in the library, what an option of the command line asks for."""


def each_by_name(
    model: Model, values: Mapping[str, Any] | None, numbers: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The numbers by the names of single inputs: a family's name, or a pattern, stands for all its members,
    whose numbers may be an array of the family's shape. What is no name stays, for others to refuse.
    numbers: those by keyword. Raises NotANumber for an array of another shape, TypeError for what is no
    mapping, and UnknownName for a keyword that is an option of the command line and has a method here."""
    if values is not None and not isinstance(values, Mapping):
        raise TypeError(f"numbers are given by name, {{'a': 2}}, not as {type(values).__name__}")
    known, given = model.names, {**(values or {}), **(numbers or {})}
    if all(isinstance(number, float | int) and name in known for name, number in given.items()):
        return {**given}
    import numpy

    for name in (numbers or {}).keys() & _METHODS.keys():
        if name not in known and Names(model.settable).meant(name)[1] is not None:
            hints = [f"it is no argument here: there is {_METHODS[name]}"]
            raise UnknownName(f"there is no {name!r} in the inputs of these equations", hints=hints)
    found, inputs = dict[str, Any](), Names(model.settable)
    for name, number in given.items():
        if name == "" or normal(name) in known:
            found[name] = number
            continue
        many, missing = inputs.meant(name)
        if missing is not None:
            found[name] = number
            continue
        array = numpy.asarray(number, object)  # leaves each as it is given, for others to refuse
        if array.ndim:
            found |= _members(name, many, array)
        else:
            found |= dict.fromkeys(many, number)
    return found


def _members(name: str, many: list[str], numbers: Any) -> dict[str, Any]:
    """The number of each member, from an array with an axis for each index that varies."""
    import numpy

    places = numpy.array([indices(each) for each in many])
    axes = [numpy.unique(axis, return_inverse=True) for axis in places.T]
    varied = [(values, at) for values, at in axes if len(values) > 1] or axes[-1:]
    shape = tuple(len(values) for values, _ in varied)
    if numbers.shape != shape or int(numpy.prod(shape)) != len(many):
        size = " by ".join(map(str, shape))
        message = f"{name} takes {len(many)} numbers, {size}, not an array of shape {numbers.shape}"
        hints = [f"its members are {many[0]} to {many[-1]}"]
        raise NotANumber(message, hints=hints)
    own = numbers[tuple(at.ravel() for _, at in varied)].tolist()
    return dict(zip(many, own, strict=True))
