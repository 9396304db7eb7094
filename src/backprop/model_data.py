"""What a program can ask of a Model over tables of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from backprop import options as declared
from backprop.errors import BackpropError
from backprop.evaluation.gradient import Gradient
from backprop.language.sizes import NO_SIZES
from backprop.loops.worth import read_model
from backprop.model_formulas import FormulaVerbs
from backprop.options import default_of
from backprop.source import Source

if TYPE_CHECKING:
    from typing import Self


class OverData(FormulaVerbs):
    """A Model, with the verb that gives it another table, and what it is if there is none yet."""

    _lacks: BackpropError | None = None
    """The error of a text that gathers rows, as long as there are none."""

    _with_verbs: Callable[[Any], Any]
    """Makes what was read a Model of programs."""

    _waiting_sizes: Mapping[str, Any] = MappingProxyType({})

    def over(self, data: Any) -> Self:
        """A Model of the same equations over another table: `data` as of `parse`. Raises what that does."""
        return self._over(data, default_of(declared.MaxNodes))

    def _over(self, data: Any, most: int) -> Self:
        """As `over`. most: the values that the equations may unroll to."""
        from backprop.data_tables import given_tables  # for who gives some

        read = partial(
            read_model, seed=self.seed, most=most, tables=given_tables(data, self.source)
        )
        if self._waiting_sizes:
            from backprop.given import read_sizes

            found = read_sizes(self.source, self._waiting_sizes, self.seed, read)
        else:
            found = read(self.source, sizes=NO_SIZES if self._lacks else self.sizes)
        return cast("Self", self._with_verbs(found))

    @classmethod
    def awaiting(
        cls, source: Source, seed: int, sizes: Mapping[str, Any], error: BackpropError
    ) -> Self:
        """A Model that has all but its rows, as `over`, `grad` and `compile` take: whatever else is asked of
        it raises the error."""
        found = cls.__new__(cls)
        found.source, found.seed = source, seed
        found._waiting_sizes, found._lacks = {**sizes}, error
        return found

    def __getattr__(self, name: str) -> Any:
        if self._lacks is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise self._lacks.with_traceback(None)

    def __repr__(self) -> str:
        return f"Model({self.source.name}: no data yet)" if self._lacks else super().__repr__()

    def __str__(self) -> str:
        return repr(self) if self._lacks else super().__str__()

    def _in_memory(self) -> None:
        """Raise BadData for tables that memory does not hold: of these only first rows are here."""
        if self.laid is not None:
            from backprop.streamed_matrices import refuse

            refuse(self)

    @property
    def _is_streamed(self) -> bool:
        """Whether it is one of tables that memory does not hold."""
        if self.laid is None:
            return False
        from backprop.streamed_matrices import is_streamed

        return is_streamed(self)

    def _streamed(
        self, values: Mapping[str, float], of: str | None, engine: str
    ) -> Gradient | None:
        """The gradient of tables that memory does not hold, found by passes; None of others."""
        if not self._is_streamed:
            return None
        from backprop.streamed_matrices import gradient

        return gradient(self, values, of, engine)
