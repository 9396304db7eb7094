"""What a program can ask of a Model that is a matrix: the derivatives of several outputs, and second ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backprop import language
from backprop import options as declared
from backprop.errors import raise_all
from backprop.evaluation.leaves import outside
from backprop.inputs import Asked
from backprop.members_by_name import each_by_name
from backprop.options import default_of, documented, names, names_by
from backprop.source import normal

if TYPE_CHECKING:
    from backprop.report.direction_report import DirectionReport
    from backprop.report.hessian_part_report import PartReport
    from backprop.report.hessian_report import Hessian
    from backprop.report.jacobian_report import EntriesReport, JacobianReport


class Matrices(language.Model):
    """A Model, with the verbs whose results are matrices."""

    def _asked(
        self, values: Mapping[str, float] | None, of: str | None, numbers: Mapping[str, float]
    ) -> Asked:
        """What a command works on: this Model with these numbers. Raises OutsideBounds."""
        given = each_by_name(self, values, numbers)
        raise_all(outside(self, given))
        return Asked(self, {normal(name): number for name, number in given.items()}, of)

    @documented
    def jacobian(
        self,
        values: Mapping[str, float] | None = None,
        of: str | Sequence[str] = (),
        wrt: str | Sequence[str] | None = None,
        *,
        mode: declared.JacobianMode = default_of(declared.JacobianMode),
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> JacobianReport:
        """The derivatives of several outputs by several names: prints as a table.

        `outputs` and `inputs` are their names, `values` what the outputs are worth (float64, shape
        (outputs,)), `jacobian` has a row for each output (float64, shape (outputs, inputs)): what
        `grad` says of it. values, numbers: as for `grad`. of: outputs, families and patterns too; by
        default the goal of the file, or all that no other equation uses. wrt: the names that they are
        derived by; by default the inputs that lead there, without constants. Raises what `grad`
        raises, and BadOption for a `wrt` without any name.

            >>> import backprop
            >>> found = backprop.parse("r = x*y; s = x^2").jacobian(x=3, y=2)
            >>> found.outputs, found.inputs, found.jacobian.tolist()
            (('r', 's'), ('x', 'y'), [[2.0, 3.0], [6.0, 0.0]])
        """
        from backprop import many_outputs

        asked = self._asked(values, None, numbers)
        return many_outputs.jacobian_at(self, asked.numbers, names(of), names_by(wrt), mode, engine)

    @documented
    def jacobian_sparse(
        self,
        values: Mapping[str, float] | None = None,
        of: str | Sequence[str] = (),
        wrt: str | Sequence[str] | None = None,
        *,
        mode: declared.JacobianMode = default_of(declared.JacobianMode),
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> EntriesReport:
        """Those of the derivatives that can be other than 0, as the structure of the equations has it:
        prints as a table.

        `rows`, `columns` and `derivatives` have of each the place of its output in `outputs`, that of its
        input in `inputs`, and the number: `scipy.sparse.coo_array((found.derivatives, (found.rows,
        found.columns)))`. The rest is as for `jacobian`.
        """
        from backprop import many_outputs

        asked = self._asked(values, None, numbers)
        return many_outputs.entries_at(self, asked.numbers, names(of), names_by(wrt), mode, engine)

    @documented
    def along(
        self,
        direction: Mapping[str, float] | str,
        values: Mapping[str, float] | None = None,
        of: str | Sequence[str] = (),
        *,
        order: declared.DerivativeOrder = default_of(declared.DerivativeOrder),
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> DirectionReport:
        """The derivatives of several outputs along a direction, by one sweep from the front: prints as a
        table.

        direction: how far each input moves: they are `x + t*direction[x]`; also as a text, "x=1, z=2".
        values, of, numbers: as for `jacobian`. `outputs` are the names, `values` what they are worth
        (float64, shape (outputs,)), `derivatives` has a row for each: its derivatives by t at t = 0,
        from the first to `order` (float64, shape (outputs, order)); nan where the chain rule does not
        say one. Raises what `grad` raises, NotAnInput, and BadOption for a direction without any input.

            >>> import backprop
            >>> found = backprop.parse("y = x^3*z").along({"x": 1, "z": 2}, x=1, z=0, order=4)
            >>> found.derivatives.tolist()
            [[2.0, 12.0, 36.0, 48.0]]
        """
        from backprop import many_outputs

        asked = self._asked(values, None, numbers)
        return many_outputs.along_at(
            self, asked.numbers, _direction(direction), names(of), order, engine
        )

    @documented
    def hessian(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        wrt: Sequence[str] | None = None,
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> Hessian:
        """The second derivatives of the output `of` by n inputs, their eigenvalues and what they say.

        values, of, numbers: as for `grad`. wrt: names or patterns of inputs; without them all that lead
        to the output, but constants. The result prints as a table; it has `inputs`, the n names,
        `value`, `gradient`, shape (n,), `matrix`, shape (n, n), `eigenvalues`, shape (n,), from the lowest
        on (None where a second derivative is nan), and `verdict`: "minimum", "saddle", …. On a border of a
        choice or at a corner a second derivative is what both sides say, nan if they differ. Raises
        what `grad` raises, TooLarge, and BadOption for a `wrt` without any name.

            >>> import backprop
            >>> found = backprop.parse("L = x^2*y").hessian(x=1, y=3)
            >>> found.matrix.tolist(), found.verdict
            ([[6.0, 2.0], [2.0, 0.0]], 'curved both ways')
        """
        from backprop import commands

        return commands.hessian(self._asked(values, of, numbers), names_by(wrt), engine)

    @documented
    def hessian_times(
        self,
        direction: Mapping[str, float] | str,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        wrt: Sequence[str] | None = None,
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> PartReport:
        """The second derivatives times a direction, without the matrix: one sweep over the gradient.

        direction: its parts by name, families and patterns too, or as a text, "x=1"; 0 of other inputs.
        The result has `inputs`, n names, and `numbers`, shape (n,). The rest is as for `hessian`. Raises what
        `hessian` raises.

            >>> import backprop
            >>> backprop.parse("L = x^2*y").hessian_times({"x": 1}, x=1, y=3).numbers.tolist()
            [6.0, 2.0]
        """
        asked = self._asked(values, of, numbers)
        return self._part("times", asked, _direction(direction), wrt, engine)

    @documented
    def hessian_diagonal(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        wrt: Sequence[str] | None = None,
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> PartReport:
        """The second derivatives by one input alone, as `numbers`, shape (n,), in the order of `inputs`; by a
        few sweeps where the structure of the equations allows it, else by n. The rest is as for `hessian`."""
        return self._part("diagonal", self._asked(values, of, numbers), {}, wrt, engine)

    @documented
    def hessian_sparse(
        self,
        values: Mapping[str, float] | None = None,
        of: str | None = None,
        *,
        wrt: Sequence[str] | None = None,
        engine: declared.EngineName = default_of(declared.EngineName),
        **numbers: float,
    ) -> PartReport:
        """The second derivatives that can be other than 0: `entries`, with the places in `inputs` that they
        are by, `rows` and `columns`, three arrays of one length that has both triangles:
        `scipy.sparse.coo_array((found.entries, (found.rows, found.columns)))`. The rest is as for `hessian`.
        """
        return self._part("sparse", self._asked(values, of, numbers), {}, wrt, engine)

    def _part(
        self,
        part: str,
        asked: Asked,
        direction: Mapping[str, float] | Sequence[str],
        wrt: Sequence[str] | None,
        engine: str,
    ) -> PartReport:
        from backprop import commands

        return commands.hessian_part(asked, part, direction, names_by(wrt), engine)


def _direction(given: Mapping[str, float] | str) -> Mapping[str, float] | Sequence[str]:
    if isinstance(given, str):
        return names(given)
    if not isinstance(given, Mapping):
        raise TypeError(
            f"a direction is a mapping of names to numbers, or a text, not {given!r:.60}"
        )
    return given
