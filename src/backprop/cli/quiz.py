"""`backprop quiz`."""

from collections.abc import Sequence
from typing import Annotated

from backprop.cli.asking import Asking
from backprop.cli.printing import Finished
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.names import unknown_choice
from backprop.numbers import either
from backprop.options import Option, force_option, names_of, names_option, option
from backprop.places import STANDARD, stream
from backprop.quizzes.courses import MOST_UNROLLED, Levels, OneFile, QuizOptions, Rounds, exercises
from backprop.quizzes.questions import KINDS
from backprop.reports import QUIZZES

EXAMPLE = "Example: backprop quiz eqs.txt --ask backward"


def _kinds(texts: Sequence[str]) -> list[str]:
    """`--ask "forward, local" --ask backward` as kinds. Raises BadOption."""
    found = [each for text in texts for each in text.replace(",", " ").split()]
    for each in found:
        if each not in KINDS:
            raise unknown_choice("kind of question", each, KINDS)
    if texts and not found:
        raise BadOption("--ask is empty", hints=["name some, or leave --ask out"])
    return found


def _refuse_level(level: int | None) -> None:
    """Raise BadOption for a level where a file is given."""
    if level is not None:
        message = "--level is of the exercises of the gallery, and not of a file"
        raise BadOption(message, hints=["leave one of the two out"])


def quiz(
    inputs: Inputs,
    *,
    ask: Annotated[Sequence[str], Option(
        "--ask NAME", f"What is asked: {either(KINDS)}; repeatable. Default: all of it.",
        read=_kinds, offers=KINDS,
    )] = (),
    only: list[str] = names_option("--only", "Only questions about these names."),
    rounds: int | None = option(
        "--rounds N", "So many, each with other random numbers, by --seed. Default: one with the file's.",
        min=1, max=1000,
    ),
    level: int | None = option(
        "--level N", "Without FILE: the exercise to begin with. Default: 1.", min=1, max=10
    ),
    exam: str | None = option(
        "--exam FILE",
        "Question sheets and keys for a class instead: a folder, or one .md, .tex or .json file.",
        path="folder",
    ),
    variants: int = option(
        "--variants N", "How many sheets, each with other numbers, by --seed.", 30,
        min=1, max=1000, needs=("exam",),
    ),
    vary: Annotated[Sequence[str], Option(
        "--vary NAMES", "Constants of which each sheet has its own, too.",
        read=names_of("--vary"), offers="inputs", needs=("exam",),
    )] = (),
    picture: bool = option(
        "--picture", "On each sheet the graph, to be filled in: an SVG beside Markdown, TikZ in LaTeX.",
        needs=("exam",),
    ),
    force: bool = force_option("--exam"),
    format: str | None = option(
        "--format NAME",
        "text, or json: an object a line; of an exam markdown, latex or json. Default: text, or markdown.",
        offers=[*QUIZZES.names, "markdown", "latex"],
    ),
) -> None:  # fmt: skip
    """Questions about both passes; a wrong answer is explained.

    Without FILE the exercises of the gallery are asked, the next one when all of one is right. Answers
    come from standard input, a line each: a number or a formula; ? shows the step, an empty line skips,
    q ends. Then the score is printed, and what to practise.
    """
    if exam is not None:
        from backprop.cli.exam import write_exam  # for exams only

        if rounds is not None:
            hints = ["say how many sheets: --variants N", "or leave --exam out"]
            raise BadOption("--rounds is of questions that are asked here", hints=hints)
        if inputs.file is not None or inputs.expressions:
            _refuse_level(level)
        elif level is not None:
            inputs = inputs._replace(expressions=[exercises()[level - 1].text])
        write_exam(inputs, exam, variants, ask, vary, only, format, force, picture)
        return
    if force:
        hints = ["name a folder: --exam exam", "or leave it out"]
        raise BadOption("--force is for --exam", hints=hints)
    if format not in (None, *QUIZZES.names):
        raise unknown_choice("format", str(format), QUIZZES.names)
    for path in (inputs.file, *inputs.values, *inputs.data):
        if path is not None and (path == STANDARD or stream(path) == 0):
            hints = ["save it to a file, or give equations after -e"]
            raise BadOption(
                f"answers come from standard input: {path} cannot be read from there", hints=hints
            )
    options = QuizOptions(ask or KINDS, only, rounds or 0, inputs.seed)
    course: Rounds
    if inputs.file is None and not inputs.expressions:
        course = Levels(level or 1, options)
    else:
        _refuse_level(level)
        course = OneFile(inputs.read(MOST_UNROLLED), options)
    raise Finished(Asking(QUIZZES.writer(format or QUIZZES.names[0])).course(course))
