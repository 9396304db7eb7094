"""The texts that come with the package: examples to copy and to try, pages to read."""

from collections.abc import Collection
from importlib import resources
from typing import NamedTuple

from backprop.errors import BadOption
from backprop.names import did_you_mean

ENDING = ".eq"


class Example(NamedTuple):
    """A file whose first line says what it is: equations, or a page.

    name: without the ending. data: the file as it is, UTF-8.
    """

    name: str
    data: bytes

    @property
    def file_name(self) -> str:
        return self.name + ENDING

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")

    @property
    def title(self) -> str:
        """The first line, without the `#` of a comment."""
        return self.text.partition("\n")[0].lstrip("# ").rstrip()


def examples() -> list[Example]:
    """Those of the first shelf, in the order of their names."""
    return _files("examples", ENDING)


def larger() -> list[Example]:
    """Those of the second shelf, problems of benchmarks: their sizes are constants to set."""
    return _files("examples/larger", ENDING)


def example(name: str) -> Example:
    """The example of this name, with or without `.eq`. Raises BadOption if there is none."""
    return _named(name, name.removesuffix(ENDING), [*examples(), *larger()], "example")


def pages() -> list[Example]:
    """The pages of `backprop help`, in the order of their names."""
    return _files("pages", ".md")


def page(name: str, commands: Collection[str]) -> Example:
    """The page of this name. Raises BadOption if there is none; commands: what else may be meant."""
    return _named(name, name.removesuffix(".md"), pages(), "help", commands)


def _files(folder: str, ending: str) -> list[Example]:
    files = (resources.files("backprop") / folder).iterdir()
    found = [file for file in files if file.name.endswith(ending)]
    return sorted(Example(file.name.removesuffix(ending), file.read_bytes()) for file in found)


def _named(
    given: str, wanted: str, there: list[Example], command: str, others: Collection[str] = ()
) -> Example:
    """The one of them that is wanted; `command` lists them."""
    known = {each.name: each for each in there}
    if wanted not in known:
        names = [*known, *others]
        # `quotient` and `07` are parts of one name, and too short to be near to it
        parts = [each for each in names if wanted and wanted.casefold() in each]
        near = did_you_mean(wanted, names) or [f"did you mean {each!r}?" for each in parts[:1]]
        hints = [*near, f"list them: backprop {command}"]
        what = "page and no command" if others else "example"
        raise BadOption(f"there is no {what} {given!r}", hints=hints)
    return known[wanted]
