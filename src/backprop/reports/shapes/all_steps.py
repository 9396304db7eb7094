"""Pictures of all steps: one by one, or as one that moves."""

from collections.abc import Iterator, Sequence

from backprop.errors import BadOption
from backprop.picture_steps import SteppedPicture
from backprop.reports import STEPS
from backprop.reports.shapes.shapes_svg import moving
from backprop.reports.shapes.step_shapes import MARK, StepScenes
from backprop.reports.themes import Look


def step_number(stepped: SteppedPicture, step: int | None, blank: bool) -> int:
    """After how many steps a picture is: by itself after all, with blanks before all. Raises BadOption."""
    if step is None:
        return 0 if blank else stepped.last
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= stepped.last:
        are = "is" if stepped.last == 1 else "are"
        hints = [f"give a whole number from 0 to {stepped.last}"]
        raise BadOption(f"there is no step {step}: {_steps(stepped)} {are} drawn", hints=hints)
    return step


def one(stepped: SteppedPicture, look: Look, format: str, number: int, blank: bool) -> bytes:
    """The picture after so many steps. blank: with lines to write on for what comes then. Raises
    CannotDraw."""
    return STEPS.writer(format)(StepScenes(stepped, look, blank, [number]).scene(number), format)


def frames(
    stepped: SteppedPicture, look: Look, format: str, blank: bool, numbers: Sequence[int]
) -> Iterator[bytes]:
    """A picture after each of some steps, all of one size. Raises CannotDraw."""
    scenes, write = StepScenes(stepped, look, blank, numbers), STEPS.writer(format)
    for number in numbers:
        yield write(scenes.scene(number), format)


def animation(stepped: SteppedPicture, look: Look, interval: float) -> bytes:
    """Both passes as one SVG: what is given, each step, and then for some time the whole. interval: seconds
    from one to the next. Raises CannotDraw."""
    numbers: Sequence[int] = [0, *(moment.number for moment in stepped.moments)]
    scenes = StepScenes(stepped, look, False, numbers)
    slots = [scenes.slots(number) for number in numbers]
    whole = scenes.slots(stepped.last, is_told=False)
    scene = scenes.scene(stepped.last, is_told=False)._replace(mark=f"{MARK}, {_steps(stepped)}")
    return moving(scene, [*slots, whole], interval)


def _steps(stepped: SteppedPicture) -> str:
    return f"{stepped.last} step{'s' * (stepped.last != 1)}"
