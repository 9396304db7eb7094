"""Hints for the whole line where what they say to write has more to mend: names that others use for
functions, `np.square(x)`, and Euler's number, `2e^x`."""

import re
from collections.abc import Callable, Sequence

from backprop.errors import BackpropError, SyntaxFault, mend
from backprop.source import Source, Span
from backprop.syntax.case import POWERS, closing, defines, own, raised
from backprop.syntax.parser import Statement, read
from backprop.syntax.scanner import Tokens
from backprop.syntax.scanner import statements as cut

Calls = Callable[[Sequence[Statement]], list[BackpropError]]
"""What answers with the errors for the calls in statements, as the functions of the file are."""

_MOST = 8
"""The most calls in one line that are mended."""

_LONGEST = 200
"""The most characters of a line that is mended as a whole."""

_MUCH = 100_000
"""Texts from so many characters on are not read again for a hint."""


def as_a_whole(error: BackpropError, calls: Calls) -> BackpropError:
    """The error, whose hint is the whole statement if what the hint said left more to mend that has
    one mend; of `e^x` both readings. calls: finds what is wrong with calls, as the file's functions are."""
    meant = error.meant
    if not isinstance(error, SyntaxFault) or not meant or "…" in meant:
        return error
    *also, hint = error.hints
    place = error.labels[0].span
    text = _in_its_statement(place, meant) if len(place.source.text) < _MUCH else ""
    if not 0 < len(text) <= _LONGEST or "\n" in text:
        return error
    texts, said = _called_by_their_names(text, calls)
    if len(texts) == 1 and (eulers := _eulers(texts[0], place.source.text)):
        hints = [f"for Euler's number write {eulers}", f"for a name of yours {texts[0]}"]
    elif said:
        hints = [mend(texts[0], hint.removesuffix(f"write {meant}"))]
        hints += [f"or {each}" for each in texts[1:]]
    else:
        return error
    error.hints = (*also, *(f"also: {message}" for message in said), *hints)
    return error


def _in_its_statement(place: Span, meant: str) -> str:
    """The statement that a place is in, with the text that is meant there; "" if it is in none."""
    left, sign, _ = meant.partition("=")
    if sign and place.text.startswith(left.rstrip()) and left.strip():
        return meant  # the whole of it
    for tokens in cut(place.source):
        if isinstance(tokens, Tokens) and tokens.starts[0] <= place.start < tokens.ends[-1]:
            text, first = tokens.whole.text, tokens.starts[0]
            if sign and "".join(left.split()) == "".join(text.partition("=")[0].split()):
                return meant
            return text[: place.start - first] + meant + text[place.end - first :]
    return meant if sign else ""


def _called_by_their_names(text: str, calls: Calls) -> tuple[list[str], list[str]]:
    """A statement whose calls have the names of this language, or several if the last of them may be
    one of several, and what was said of the others; of one that has anything else to mend nothing."""
    texts, said = [text], list[str]()
    while len(said) < _MOST:
        statements, errors = read(Source("<line>", texts[0]))
        found = [] if errors else calls(statements)
        if errors or not found or len(texts) > 1:
            return (texts, said) if not errors and not found else ([text], [])
        hints = found[0].hints
        if not (hints and hasattr(hints[0], "meant")):
            break
        span = found[0].labels[0].span
        said.append(found[0].message)
        texts = [
            texts[0][: span.start] + each.partition(" ")[2] + texts[0][span.end :]
            for each in hints  # write …, or …
        ]
    return [text], []


_EULERS = re.compile(r"[\d)]\s*e\s*(?:\^|\*\*)|(?<!\w)e\s*\^\{|\{e\}")
"""Finds `2e^x`, `e^{-x}` and `\\mathrm{e}`."""


def _eulers(text: str, source: str) -> str:
    """A statement with `exp(x)` for `e^x`; "" if it has none, or e is a name of the text."""
    named = defines(source, "e") or re.search(r"\be\b", text.partition("=")[0])
    known = named or not _EULERS.search(source)
    changed = False
    while not known:
        tokens = next(cut(Source("<line>", text)), None)
        if not isinstance(tokens, Tokens):
            return ""
        powers = zip(tokens.texts, tokens.kinds[1:], strict=False)
        at = next((at for at, pair in enumerate(powers) if pair[0] == "e" and pair[1] in POWERS), 0)
        last = raised(tokens, at + 2) if at else 0
        if last < at + 2:
            return text if changed else ""
        bracketed = tokens.kinds[at + 2] == "LPAR" and closing(tokens, at + 2) == last
        inside = own(tokens, at + 2 + bracketed, last - bracketed)
        start, end = tokens.starts[at], tokens.ends[last]
        text, changed = f"{text[:start]}exp({inside}){text[end:]}", True
    return ""
