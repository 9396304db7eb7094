"""How results look in Python: what `print` says of them, and what a notebook shows."""

from collections.abc import Callable
from typing import Any, ClassVar

Bundle = dict[str, str]
"""What a notebook chooses from: plain text, HTML or a picture of one thing, by MIME type."""


class Shown:
    """What prints as a table or a text, and shows itself so in a notebook; its repr is short."""

    __slots__ = ()
    as_text: ClassVar[Callable[[Any], str]] = repr
    as_bundle: ClassVar[Callable[[Any], Bundle]]
    """The library sets both: formats stand above what is shown."""

    def __str__(self) -> str:
        return Shown.as_text(self)

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        return Shown.as_bundle(self)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """In IPython, which otherwise writes tuples as such."""
        printer.text(Shown.as_bundle(self)["text/plain"])
