"""Formulas of the names of a Model: claims, and what stands behind its equations."""

from collections.abc import Mapping
from types import MappingProxyType

from backprop.errors import LIMIT, UnexpectedText, raise_all
from backprop.language import definitions
from backprop.language.build import Builder
from backprop.language.families import Families, ready_made
from backprop.language.lookup import provide
from backprop.language.model import Model
from backprop.names import unknown_name
from backprop.source import Span
from backprop.syntax.parser import Statement, read, shaped, unread
from backprop.syntax.scanner import Tokens


class FormulaReader:
    """Reads formulas of the names of a model, with its functions, into columns that begin as the
    model's."""

    def __init__(self, model: Model) -> None:
        equations, self._functions, indexed = definitions.checked(
            model.laid.statements if model.laid else read(model.source)[0]
        )
        self.columns = model.columns.copy()
        self._known, self._laid = model.names, model.laid
        families = Families(equations)
        for statement in indexed:
            families.enter(statement)
        provide(families)
        self._builder = Builder(model.names, self.columns, self._functions, families)

    def read(self, tokens: Tokens, also: Mapping[str, int] = MappingProxyType({})) -> int:
        """The row of the right side of `name = formula`, a formula of the names of the model.
        also: the rows of what else may stand there. Raises SyntaxFaults, UnknownName,
        UnknownFunction, WrongNumberOfArguments."""
        raise_all(unread(tokens))
        statement = shaped(tokens)
        if self._laid:
            from backprop.language.over_rows import gathered_over  # of data only

            statement = gathered_over(self._laid, statement)
            tokens = statement.tokens
        if statement.shape.limited:
            hints = ["it is one value, compared as exactly as its digits say: 6, or 6.00"]
            message = "a formula has no uncertainty and no bounds"
            raise UnexpectedText(message, limits(statement), hints=hints)
        raise_all(definitions.calls([statement], self._functions))
        builder, known = self._builder, self._known
        names, errors = builder.names, builder.errors
        names |= also
        try:
            root = builder.expression(tokens, ready_made(statement).body, {})
            places = self.columns.places
            for name in builder.order:
                span = Span.at(tokens.source, places[names[name]])
                near = len(errors) < LIMIT
                errors.append(unknown_name(name, known, "these equations", span, near))
            raise_all([*errors])
            if derivatives := builder.derivatives:
                derivatives.stand()
                derivatives.compute({**names, **also}, builder.families)
                builder.derivatives = None
            return root
        finally:
            for name in (*also, *builder.order):
                del names[name]
            names |= {name: known[name] for name in also if name in known}
            builder.order.clear()
            errors.clear()


def limits(statement: Statement) -> Span:
    """Where the uncertainty and the bounds of a right side stand; the first word if it has none."""
    limits = ready_made(statement).limits
    ends = (limits[0].node.first, limits[-1].node.last) if limits else (0, 0)
    return statement.tokens.span(*ends)
