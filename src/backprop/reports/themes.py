"""How pictures look: sign and size of the gradient as hue and depth."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from backprop.numbers import either
from backprop.options import Option

_STEPS = (0.01, 0.1, 0.5)
"""Where, as a part of the largest gradient, the next deeper colour begins."""


PIXEL = 72 / 96
"""Points of a pixel in the width of a picture."""

TIMEOUT = 20
"""Seconds that drawing may take where nothing says another number."""


def shade(grad: float, largest: float) -> str:
    """What the colour of a gradient is called: `flat`, or `rise` or `fall` with its depth."""
    if grad == 0 or grad != grad or largest == 0:
        return "flat"
    depth = sum(abs(grad) > step * largest for step in _STEPS)
    return f"{'rise' if grad > 0 else 'fall'}{depth}"


class Look(NamedTuple):
    """How a picture is to look. theme: light, dark, mono. direction: LR or TB, None for what fits a
    slide. grads: whether the backward pass is shown. digits: significant digits, None for four
    decimals. transparent: without a background. width: in pixels, None for text of 12 points.
    timeout: seconds that drawing may take. title: the heading, "" for none."""

    theme: str = "light"
    direction: str | None = "LR"
    grads: bool = True
    digits: int | None = None
    transparent: bool = False
    width: int | None = None
    timeout: float = TIMEOUT
    title: str = ""


class WidestTexts(NamedTuple):
    """Texts that leave room for those of all steps: of the two numbers of each box, of each arrow, by
    `arrow:0`, `arrow:1`, …, and of the line that tells the step, "" for none. legend: whether colours
    mean something. high: whether there is room to write by hand."""

    boxes: Mapping[str, tuple[str, str]]
    arrows: Mapping[str, str]
    caption: str
    legend: bool
    high: bool


class Theme(NamedTuple):
    """Colours of the background, of text and lines, and, from small to large, of gradients.

    rising and falling are the two ends of ColorBrewer's diverging scheme PuOr (Harrower and Brewer
    2003), which people with any colour vision can tell apart and which print well.
    """

    paper: str
    ink: str
    line: str
    faint: str
    flat: str = ""
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    dark: bool = False
    lit: str = "#0b57d0"
    """Of the outline of what a step is about."""

    def fill(self, grad: float, largest: float) -> str:
        """The colour of a box with this gradient."""
        return self.fills[shade(grad, largest)] if self.rising else "none"

    @property
    def fills(self) -> dict[str, str]:
        """The colours of gradients by what `shade` calls them."""
        kinds = {"rise": self.rising, "fall": self.falling}
        named = {
            f"{kind}{at}": fill for kind, some in kinds.items() for at, fill in enumerate(some)
        }
        return {"flat": self.flat, **named}

    def text_on(self, fill: str) -> str:
        """The colour of text on a fill: the deepest ones of the light theme want white."""
        deepest = self.rising[-1:] + self.falling[-1:]
        return "#ffffff" if fill in deepest and not self.dark else self.ink


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "light": Theme(
            "white", "#1a1a1a", "#555555", "#767676", "#ffffff",
            ("#fff1e0", "#fee0b6", "#fdb863", "#b35806"),
            ("#f0eff6", "#d8daeb", "#b2abd2", "#542788"),
        ),
        "dark": Theme(
            "#1b1b1f", "#f2f2f2", "#b8b8b8", "#8e8e8e", "#2a2a30",
            ("#3a2f22", "#5c3d14", "#8a4d08", "#b35806"),
            ("#2e2a3c", "#3f3558", "#544080", "#6a45ad"),
            dark=True, lit="#ffc53d",
        ),
        "mono": Theme("white", "black", "black", "#777777", lit="black"),
    }
)  # fmt: skip

ThemeName = Annotated[str, Option("--theme NAME", f"{either(THEMES)}.", "light", choices=THEMES)]
