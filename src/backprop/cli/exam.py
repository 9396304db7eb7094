"""`backprop quiz --exam`: question sheets and keys for a class."""

from collections.abc import Collection, Iterator, Sequence

from backprop.cli import printing
from backprop.cli.onlooker import ending as stopping
from backprop.errors import BackpropError, BadOption, CannotWrite, TooLarge
from backprop.files import check_writable
from backprop.inputs import Asked, Inputs
from backprop.names import unknown_choice
from backprop.numbers import either, few, shown
from backprop.places import STANDARD, identity
from backprop.quizzes.courses import MOST_UNROLLED
from backprop.quizzes.exams import KINDS, Exam, ExamVariant, make_exam
from backprop.quizzes.tidy_numbers import EXACT
from backprop.reports import EXAMS, ending
from backprop.reports.exams.exam_folder import ExamFolder
from backprop.reports.style import Style


def write_exam(
    inputs: Inputs,
    path: str,
    variants: int,
    kinds: Collection[str],
    vary: Sequence[str],
    only: Sequence[str],
    format: str | None,
    force: bool,
    picture: bool,
) -> None:
    """Write an exam into a folder, or as one file by the ending of its name, or print it for `-`."""
    folder, format = _goes_to(path, format)
    if picture:
        _check_pictures(folder, format)
    read = [each for each in (inputs.file or "", *inputs.values) if each]
    place = ExamFolder(path, force, read) if folder else None
    if place is None and path != STANDARD:
        _check_file(path, read, force)
    asked = inputs.read(MOST_UNROLLED)
    exam = make_exam(
        asked.model, asked.output, variants, inputs.seed, kinds or KINDS, vary, asked.numbers, only
    )
    if exam.varied:
        some = few(exam.varied)
        message = f"{some}, though const, {'are' if len(exam.varied) > 1 else 'is'} chosen as well"
        why = "otherwise sheets would have the same answers, or more that are rounded"
        first = f"{exam.varied[0]}={shown(asked.model.default(exam.varied[0]))}"
        hints = [why, f'one that is to stay: --set "{first}"']
        printing.complain([BackpropError(message, hints=hints)], "note")
    if picture:
        with stopping():  # Graphviz as well
            exam = exam._replace(variants=[*_pictured(asked, exam, format)])
    texts = [*EXAMS.writer(format)(exam, Style(), path if folder else None)]
    if place is None:
        printing.send(lambda style: texts[0].text, None if path == STANDARD else path, None)
        return
    place.write(texts)
    printing.tell(f"wrote {len(texts)} files into {path}: {texts[0].name} to {texts[-1].name}")


def _check_pictures(folder: bool, format: str) -> None:
    """Raise BadOption where an exam has no room for pictures."""
    if format == "json":
        hints = ["leave --picture out", "or write sheets: --format latex"]
        raise BadOption("an exam in json has no pictures", hints=hints)
    if format == "markdown" and not folder:
        hints = ["name a folder: --exam exam", "or one .tex file, which has them in it"]
        raise BadOption("pictures are files beside Markdown: one file has no room", hints=hints)


def _pictured(asked: Asked, exam: Exam, format: str) -> Iterator[ExamVariant]:
    """The variants, each with the graph of its equations. Raises TooLarge, CannotDraw."""
    from backprop.reports.shapes.all_steps import one  # with the layout
    from backprop.reports.themes import Look
    from backprop.step_pictures import stepped_picture

    passes, look = (
        ("both" if exam.goes_back else "forward"),
        Look("mono", "TB", exam.goes_back, EXACT),
    )
    drawn_as = "tex" if format == "latex" else "svg"
    for each in exam.variants:
        numbers = {given.name: given.number for given in each.given if given.chosen}
        at = asked._replace(numbers=numbers, output=exam.output)
        try:
            stepped, _ = stepped_picture(at, "equations", (), 0, False, passes)
        except TooLarge as error:
            error.hints = ("leave --picture out",)
            raise
        yield each._replace(graph=one(stepped, look, drawn_as, 0, blank=True).decode())


def _goes_to(path: str, format: str | None) -> tuple[bool, str]:
    """Whether a path is a folder, and the format of what goes there. Raises BadOption."""
    if format is not None and format not in EXAMS.names:
        raise unknown_choice("format of an exam", format, EXAMS.names)
    if path == STANDARD:
        return False, format or EXAMS.names[0]
    found = ending(path)
    if found in EXAMS.endings:
        own = EXAMS.of_file(path, "")
        if format not in (None, own):
            hints = [f"leave --format out, or name a folder: --exam {path[: -len(found)]}"]
            raise BadOption(f"{path} is a file of {own}, and --format says {format}", hints=hints)
        return False, own
    if found and not path.endswith(("/", ".")):
        hints = [f"use {either(EXAMS.endings)}, or a folder, which has none"]
        raise BadOption(f"the ending of {path} says no format of an exam", hints=hints)
    return True, format or EXAMS.names[0]


def _check_file(path: str, read: Sequence[str], force: bool) -> None:
    """Raise BadOption or CannotWrite where an exam cannot be written as this file."""
    import os

    if any(identity(path) & identity(each) for each in read):
        hints = ["write to another file"]
        raise BadOption(f"{path} is read and would be lost: --exam writes there", hints=hints)
    check_writable(path)
    if os.path.isfile(path) and not force:
        hints = ["nothing was changed; give --exam another name, or overwrite: --force"]
        raise CannotWrite(f"{path} exists already", hints=hints)
