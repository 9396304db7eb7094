"""What there is to say of a Model by itself: its names, with the numbers that it has."""

from backprop.language import Model
from backprop.report import Column, Table, folded, groups, limits
from backprop.values import Numbers


def model_table(model: Model, numbers: Numbers | None) -> Table:
    """A row a name: role, equation, and data and grad, if there are numbers."""
    names, constants = [*model.names], {*model.constants, *model.fixed}
    outputs = {model.goal.name} if model.goal else {*model.outputs}

    def role(name: str) -> str:
        if name in constants:
            return "constant"
        if not model.is_equation(name):
            return "input"
        return "output" if name in outputs else "intermediate"

    columns = [
        Column("name", names, "name"),
        Column("role", [*map(role, names)], "text"),
        Column("equation", [model.text(node) for node in model.names.values()], "equation"),
    ]
    if numbers is not None:
        nodes = model.names.values()
        columns += [
            Column("data", [numbers.data[node] for node in nodes]),
            Column("grad", [numbers.gradients[node] + 0.0 for node in nodes], sizes=True),
        ]
    if model.bounds:
        columns.append(limits(names, model.bounds))
    rows = groups(names)
    return Table([folded(column, rows) for column in columns], heads=[[repr(model)]])
