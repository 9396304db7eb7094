"""What pictures by matplotlib have in common: size, letters, colours, and the file."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from backprop.cache import is_foreign
from backprop.reports.fonts import fonts_for, named, refuse, unusual

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The palette of Okabe and Ito (2008), which people with any colour vision can tell apart.
INK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442")

_DPI, _DOTS = 96, 150.0
"""Pixels an inch of a width that is given, and those of a PNG where none is."""

TEXT, _LEAST, _HIGH, _NARROW = 9.0, 6.75, 4.0, 360
"""The size of text, in points; the least that can be read: 9 pixels of a width that is given; the
least height, in inches, that has room for it; and the pixels below which there is none."""

_SIZES = (
    "lines.linewidth lines.markersize axes.linewidth axes.titlepad axes.labelpad patch.linewidth"
    " xtick.major.size xtick.major.width xtick.major.pad xtick.minor.size xtick.minor.width"
    " ytick.major.size ytick.major.width ytick.major.pad ytick.minor.size ytick.minor.width"
).split()
"""Settings of matplotlib, in points, that grow with the text."""


@contextmanager
def figure_of(
    size: tuple[float, float], width: int | None, names: str, format: str
) -> Iterator[Figure]:
    """A figure with the settings of ours. size: its width and height in inches, at the usual size.
    width: in pixels, 96 an inch. names: all letters that it will have. Raises CannotDraw for letters
    without a font."""
    _keep_out_of_foreign_folders()
    from matplotlib import rc_context, rcParamsDefault
    from matplotlib.figure import Figure

    # fonts that formulas of other people need are no news; what is missing here, `refuse` says
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    wide, high = size
    scale = width / _DPI / wide if width else 1.0
    least = min(width / _NARROW, 1.0) if width else 1.0
    text = max(scale * TEXT, least * _LEAST)
    settings: Any = {"svg.hashsalt": "backprop", "font.size": text, **_fonts(names, format)}
    usual: Any = rcParamsDefault
    settings |= {name: usual[name] * text / TEXT for name in _SIZES}
    with warnings.catch_warnings(), rc_context(settings):
        warnings.simplefilter("ignore")  # an SVG may have letters that only its readers' fonts have
        yield Figure(figsize=(wide * scale, max(high * scale, least * _HIGH)), layout="constrained")


def saved(figure: Figure, format: str, transparent: bool, width: int | None) -> bytes:
    """The figure as `svg`, `png` or `pdf`, the same bytes every time."""
    file = BytesIO()
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    more = {"metadata": metadata.get(format), "transparent": transparent}
    figure.savefig(file, format=format, dpi=_DPI if width else _DOTS, **more)
    return file.getvalue()


@contextmanager
def sheet(
    size: tuple[float, float], letters: str, families: Sequence[str]
) -> Iterator[tuple[Figure, Axes]]:
    """A figure without margins, whose axes count points from the upper left corner. size: in points. letters:
    all that it will have. families: of its fonts, the first one that is there. Raises CannotDraw."""
    _keep_out_of_foreign_folders()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    found = _fonts(letters, "png").get("font.family", [])
    settings: Any = {
        "font.family": [*families, *found],
        "pdf.fonttype": 42,
        "text.hinting": "no_hinting",  # else letters of a small picture have widths of whole pixels
        "svg.hashsalt": "backprop",
    }
    with warnings.catch_warnings(), rc_context(settings):
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(size[0] / 72, size[1] / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, size[0])
        axes.set_ylim(size[1], 0)
        yield figure, axes
        figure.clear()
    gc.collect(
        1
    )  # a figure stands in a circle with its pixels, of which hundreds may follow one another


def saved_exactly(figure: Figure, format: str, scale: float, mark: str) -> bytes:
    """A figure of `sheet` as `png` or `pdf`, so many times its size, the same bytes every time. mark: what
    the file says that it is."""
    file = BytesIO()
    if format == "png":
        dpi = _DPI * scale * (1 + 1e-9)  # pixels are cut off, and not rounded
        figure.savefig(file, format=format, dpi=dpi, metadata={"Software": mark}, transparent=True)
    else:
        figure.set_size_inches(*(scale * each for each in figure.get_size_inches()))
        metadata = {"CreationDate": None, "Creator": mark}
        figure.savefig(file, format=format, metadata=metadata, transparent=True)
    return file.getvalue()


def _fonts(names: str, format: str) -> dict[str, Any]:
    """Settings for the letters of the names. Raises CannotDraw for letters that would be boxes."""
    letters = unusual(names)
    if not letters:
        return {}
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    own = font_manager.findfont("DejaVu Sans")
    known = FT2Font(own).get_charmap()
    files, missing = fonts_for([each for each in letters if ord(each) not in known])
    if format != "svg":
        refuse(missing, "on this computer", "or install a font, and plot again")
    for file in files:
        font_manager.fontManager.addfont(file)
    found = [FT2Font(file).family_name for file in files]
    families = ["DejaVu Sans", *found, *named(missing), "sans-serif"]
    return {"font.family": families, "svg.fonttype": "none" if missing else "path"}


def _keep_out_of_foreign_folders() -> None:
    """Have matplotlib, which makes folders in the home folder, make them elsewhere where that is
    another user's."""
    homes = {"XDG_CONFIG_HOME": "~/.config", "XDG_CACHE_HOME": "~/.cache"}
    given = [os.environ.get(variable) or usual for variable, usual in homes.items()]
    if "MPLCONFIGDIR" not in os.environ and any(map(is_foreign, given)):
        folder = tempfile.mkdtemp(prefix="backprop-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["MPLCONFIGDIR"] = folder
