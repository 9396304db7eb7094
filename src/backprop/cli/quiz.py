"""`backprop quiz`."""

from collections.abc import Sequence
from typing import Annotated

from backprop.cli.asking import Asking
from backprop.cli.printing import Finished
from backprop.errors import BadOption
from backprop.inputs import Inputs
from backprop.names import unknown_choice
from backprop.numbers import either
from backprop.options import Option, names_option, option
from backprop.places import STANDARD, stream
from backprop.quizzes.courses import Levels, OneFile, QuizOptions, Rounds
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
    format: str = option("--format NAME", "text, or json: an object a line.", "text", choices=QUIZZES.names),
) -> None:  # fmt: skip
    """Questions about both passes; a wrong answer is explained.

    Without FILE the exercises of the gallery are asked, the next one when all of one is right. Answers
    come from standard input, a line each: a number or a formula; ? shows the step, an empty line skips,
    q ends. Then the score is printed, and what to practise.
    """
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
    elif level is not None:
        hints = ["leave one of the two out"]
        raise BadOption(
            "--level is of the exercises of the gallery, and not of a file", hints=hints
        )
    else:
        course = OneFile(inputs.read(), options)
    raise Finished(Asking(QUIZZES.writer(format)).course(course))
