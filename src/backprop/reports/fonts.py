"""Letters and the fonts that have them: what no font has is refused, and not drawn as a box."""

import unicodedata
from collections.abc import Callable, Collection

from backprop.errors import CannotDraw

_USUAL = 0x530
"""Latin, Greek and Cyrillic letters, below this, are in every font."""

_EAST = {"CJK": "SC", "BOPOMOFO": "TC", "HIRAGANA": "JP", "KATAKANA": "JP", "HANGUL": "KR"}
"""How fonts for the scripts of East Asia end."""

_NOBODY = {2: "\u0530", 3: "\u2fe0", 4: "\U0003fffd"}
"""Characters that there are not, by their bytes in UTF-8: every font draws a box for them."""


def unusual(text: str) -> list[str]:
    """The letters, marks and digits of a text that not every font has, in order."""
    found = {
        each for each in text if ord(each) >= _USUAL and unicodedata.category(each)[0] in "LMN"
    }
    return sorted(found)


def fonts_for(letters: Collection[str]) -> tuple[list[str], list[str]]:
    """Files of fonts of this computer that have the letters, and the letters that none has."""
    from matplotlib.font_manager import findSystemFonts
    from matplotlib.ft2font import FT2Font

    files, missing = list[str](), [*letters]
    for file in sorted(findSystemFonts()) if missing else ():
        try:
            known = FT2Font(file).get_charmap()
        except (OSError, RuntimeError):  # a font in a format that is not known
            continue
        rest = [each for each in missing if ord(each) not in known]
        if len(rest) < len(missing):
            files.append(file)
            missing = rest
        if not missing:
            break
    return files, missing


def boxed(letters: Collection[str], drawn: Callable[[str], bytes]) -> list[str]:
    """The letters whose picture is the box of a character that there is not."""
    boxes = {size: drawn(nobody) for size, nobody in _NOBODY.items()} if letters else {}
    return [each for each in letters if drawn(each) == boxes[len(each.encode())]]


def named(letters: Collection[str]) -> list[str]:
    """Free fonts that have the letters, by the names of their scripts."""
    scripts = (unicodedata.name(each, "Symbols").split()[0] for each in letters)
    ends = (f"CJK {_EAST[each]}" if each in _EAST else each.title() for each in scripts)
    return [*dict.fromkeys(f"Noto Sans {end}" for end in ends)]


def refuse(missing: Collection[str], owner: str, *hints: str) -> None:
    """Raise CannotDraw for letters that no font of `owner` has, if there are any."""
    if not missing:
        return
    listed = f"{' '.join([*missing][:10])}{' …' * (len(missing) > 10)}"
    fonts = f"fonts that have them: {' and '.join(named(missing))}"
    raise CannotDraw(
        f"no font {owner} has the letter{'s' * (len(missing) > 1)} {listed}",
        hints=["write an .svg, which the fonts of its readers show", *hints, fonts],
    )
