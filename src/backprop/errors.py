"""What can go wrong, as data: one class a cause, each with the places it is about.

A SyntaxFault: the text is no equation file. A MeaningFault: it reads well, but cannot be computed.
A NotFinite: a step gives inf or nan. A UsageFault: a file or an option. `status` is the exit status
of the command line; `reports.diagnostics` is the only place that turns errors into text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from backprop.source import Span

LIMIT = 20
"""The most errors reported at once."""

NOT_YET = "part of the language, but this version does not compute it yet"
"""What is said of what is refused by its name."""


class Label(NamedTuple):
    """What to say under a piece of text."""

    span: Span
    text: str = ""


class _Mend(str):
    """The text of a hint, which knows what it says to write."""

    meant: str


def mend(meant: str, before: str = "") -> str:
    """A hint that says what to write in the place of what is underlined: `write x^2`. before: what
    stands before that in the hint."""
    hint = _Mend(f"{before}write {meant}")
    hint.meant = meant
    return hint


class BackpropError(Exception):
    """Any of the errors above.

    message: one sentence, without a place; labels: the places, the guilty one first;
    hints: what to do; also: further errors found in the same run.
    """

    status: ClassVar[int] = 1
    shown: ClassVar[Callable[[BackpropError], str]]
    """What `str` says; the library sets it to what the command line prints."""

    def __init__(
        self, message: str, *labels: Label | Span, hints: Iterable[str] = (), where: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.labels = tuple(label if isinstance(label, Label) else Label(label) for label in labels)
        self.hints = tuple(hints)
        self.where = where or (self.labels[0].span.source.name if self.labels else "")
        self.also: tuple[BackpropError, ...] = ()

    def __str__(self) -> str:
        return type(self).shown(self)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """In a notebook, where an error is the result of a cell."""
        printer.text(str(self))

    @property
    def meant(self) -> str:
        """What to write in the place of what is underlined, if the only hint says it; else "". What
        is said of further mistakes in the same line, `also: …`, is no hint."""
        hints = [each for each in self.hints if not each.startswith("also: ")]
        return hints[0].meant if len(hints) == 1 and isinstance(hints[0], _Mend) else ""

    @property
    def all(self) -> tuple[BackpropError, ...]:
        return (self, *self.also)


def _short(error: BackpropError) -> str:
    """The place and the message of an error."""
    if not error.labels:
        return error.message
    span = error.labels[0].span
    line, column = span.source.position(span.start)
    return f"{span.source.name}:{line}:{column}: {error.message}"


BackpropError.shown = _short


class SyntaxFault(BackpropError):
    """The text is no equation file."""

    status = 2


class NotText(SyntaxFault):
    """Bytes that are no UTF-8, or control characters."""


class UnexpectedText(SyntaxFault):
    """Something that the grammar has no place for."""


class UnclosedBracket(SyntaxFault):
    """A bracket that nothing closes."""


class NoEquation(SyntaxFault):
    """No equation in the text."""


class MeaningFault(BackpropError):
    """The text reads well, but it cannot be computed as asked."""


class UnknownName(MeaningFault):
    """A name that the equations do not have."""


class UnknownFunction(MeaningFault):
    """A function that neither the language nor the file defines."""


class WrongNumberOfArguments(MeaningFault):
    """A function called with too many or too few arguments."""


class NameDefinedTwice(MeaningFault):
    """Two statements for one name."""


class CircularDefinition(MeaningFault):
    """Equations that wait for one another."""


class RecursiveFunction(MeaningFault):
    """A function that calls itself, directly or through others."""


class MissingInputs(MeaningFault):
    """Inputs that have no value."""


class NotAnInput(MeaningFault):
    """A value was given for a name that an equation computes."""


class NotANumber(MeaningFault):
    """A value that is no number."""


class ChooseOutput(MeaningFault):
    """There is not exactly one output, and none was named."""


class OutputIsColumn(ChooseOutput):
    """An output that has a number for each row of a table."""


class NothingToMove(MeaningFault):
    """A descent that has no parameter to change."""


class NeedsData(MeaningFault):
    """A sum over the rows of the data, and there is no data."""


class NoDataYet(NeedsData):
    """A sum over rows of a text that may yet be given its data."""


class NotYetSupported(MeaningFault):
    """A part of the language that is read, but not computed by this version."""


class OutsideBounds(MeaningFault):
    """A number outside its bounds, or bounds that no number is within."""


class TooLarge(MeaningFault):
    """More than a stated limit."""


class LooksAlike(BackpropError):
    """Two names that look the same and are not: a warning."""


class EmptyRange(BackpropError):
    """A range of two numbers that has nothing in it: a warning."""


class ZeroDerivative(BackpropError):
    """A derivative by what the derived does not depend on, which is 0: a warning."""


class NotFinite(BackpropError):
    """A step whose value is inf or nan."""


class OutsideDomain(NotFinite):
    """A step with finite operands for which the operation has no value."""


class Underflow(NotFinite):
    """A step whose value is too small for a double: a warning, where the output misses it."""


class InfiniteSlope(NotFinite):
    """A step whose slope makes a gradient inf or nan: a warning, except where a descent meets it."""


class AtBorder(BackpropError):
    """A step that stands exactly on a border of a choice, where the gradient is that of one side: a
    note.

    leads: the names that lead to the step, itself included: of others the gradient has one side. told: those
    by which it has two; empty where there may be more of them.
    """

    leads: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


class Cancelled(BackpropError):
    """Gradients of which rounding in doubles would leave too few digits, and that are therefore
    computed with more: a note.

    leads: the names that they are by; of values, the names of these.
    """

    leads: frozenset[str] = frozenset()


class WorkedElsewhere(BackpropError):
    """A value that the file writes behind an equation, and that is another at this point: a note."""


class IndeterminateForm(InfiniteSlope):
    """A step where the chain rule meets 0·∞, which is decided by values, if at all.

    leads: the names by which the derivatives are so.
    """

    leads: frozenset[str] = frozenset()


class UsageFault(BackpropError):
    """A file or an option that cannot be used."""

    status = 2


class CannotRead(UsageFault):
    """A file that cannot be read."""


class BadData(BackpropError):
    """A table of data with a row that cannot be used."""


class CannotWrite(UsageFault):
    """A file that cannot be written; what stood there before is untouched."""

    status = 1


class CannotDraw(UsageFault):
    """A picture that no program on this machine can lay out or write."""

    status = 1


class NoMachineCode(UsageFault):
    """Machine code cannot be made or run here."""

    status = 1


class ByOtherMeans(BackpropError):
    """Something is done in another way than it was asked for: a note."""


class LessAccurate(BackpropError):
    """Formulas to read have slopes that lose digits far out: a note."""


class OrdinaryName(BackpropError):
    """A name stands where a constant of that name may be meant: a note."""


class PassedOver(BackpropError):
    """Model statements of a file that says itself what `residuals` is: a note."""


class BadOption(UsageFault):
    """An option whose value makes no sense."""


def defined_twice(message: str, again: Span, first: Span, *hints: str) -> NameDefinedTwice:
    """The error for a second definition, with both places."""
    labels = Label(again, "again here"), Label(first, "first here")
    return NameDefinedTwice(message, *labels, hints=hints or ["remove one of them"])


def raise_all(errors: Sequence[BackpropError]) -> None:
    """Raise the first error in the order of the text, the others in its `also`; or do nothing."""
    seen: dict[tuple[str, Sequence[Label]], BackpropError] = {}
    for error in errors:  # what is wrong with many members is said once
        # behind a limit that is passed all is too much
        places = () if isinstance(error, TooLarge) else error.labels
        seen.setdefault((error.message, places), error)
    raise_first(
        sorted(seen.values(), key=lambda each: each.labels[0].span.start if each.labels else -1)
    )


def raise_first(errors: Sequence[BackpropError]) -> None:
    """Raise the first of these errors, the others in its `also`; or do nothing."""
    if errors:
        errors[0].also = tuple(errors[1:])
        raise errors[0]
