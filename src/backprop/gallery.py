"""The examples that come with the package: files of equations to read, to copy and to try."""

from importlib import resources
from typing import NamedTuple

from backprop.errors import BadOption
from backprop.names import did_you_mean

ENDING = ".eq"


class Example(NamedTuple):
    """A file of equations whose first line is a comment that says what it is.

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
        """The first comment line."""
        return self.text.partition("\n")[0].lstrip("# ").rstrip()


def examples() -> list[Example]:
    """All of them, in the order of their names."""
    folder = resources.files("backprop") / "examples"
    found = [file for file in folder.iterdir() if file.name.endswith(ENDING)]
    return sorted(Example(file.name.removesuffix(ENDING), file.read_bytes()) for file in found)


def example(name: str) -> Example:
    """The example of this name, with or without `.eq`. Raises BadOption if there is none."""
    known = {each.name: each for each in examples()}
    wanted = name.removesuffix(ENDING)
    if wanted not in known:
        # `quotient` and `07` are parts of one name, and too short to be near to it
        parts = [each for each in known if wanted and wanted.casefold() in each]
        near = did_you_mean(wanted, known) or [f"did you mean {each!r}?" for each in parts[:1]]
        hints = [*near, "list them: backprop example"]
        raise BadOption(f"there is no example {name!r}", hints=hints)
    return known[wanted]
