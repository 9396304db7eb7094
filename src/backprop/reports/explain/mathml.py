"""MathML as it is to stand on a page: spaced as in print, in pieces between which a line may break.

A browser never breaks a line inside `<math>`. So a formula comes as several, one behind the other,
each of which begins with the sign that it is joined by, and none is wider than the screen, where that
can be had: what is long in brackets is broken there, and a wide fraction is written on one line. A
formula for which that differs stands there twice, for a page and for a phone.
"""

from collections.abc import Collection, Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from backprop.operations import BY_SIGN

_OPEN = '<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true">'
_RELATIONS = frozenset("=≤≥≠<>←")
_JOINING = frozenset("+−,∧∨")
_PHONE, _PAGE = 28.0, 75.0
"""Letters that fit a line of 390 pixels, with numbers and indents before them, and a line of a page."""

_SHORT = 4.0
"""A factor of so many letters, its sign among them, does not stand alone at the end of a line."""

_SMALLER = 0.7
"""What stands above or below a line, beside what stands on it."""

_TALL = frozenset("mfrac msqrt mroot mtable munder mover munderover".split())


def pieces(found: str) -> str:
    """The formula that `latex2mathml` has made, as one or several `<math>`."""
    root = ElementTree.fromstring(found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ""))
    for parent in [*root.iter()]:
        _space(parent)
    width = _widths(root)
    parts = [*root] if len(root) != 1 or root[0].tag != "mrow" else [*root[0]]
    page, phone = (
        "".join(_math(piece, width, widest) for piece in _broken(parts, width, widest))
        for widest in (_PAGE, _PHONE)
    )
    if page == phone:
        return page
    return f'<span class="page">{page}</span><span class="phone">{phone}</span>'


def _space(parent: Element) -> None:
    """Signs and brackets without the blanks that a browser would put beside them."""
    if parent.tag == "msub" and parent[0].text in BY_SIGN:
        parent.tag = "munder"
    if parent.tag == "msubsup" and parent[0].text in BY_SIGN:
        parent.tag = "munderover"
    before = None
    tall = any(each.tag in _TALL for each in parent.iter())
    for child in parent:
        if child.tag == "mo" and len(child.text or "") > 1 and (child.text or "").isalpha():
            child.tag = "mi"  # a function, and no sign between two things
        if child.tag == "mo" and child.get("fence"):
            child.set("lspace", "0")
            child.set("rspace", "0")
            child.set("stretchy", "true" if tall else "false")
        elif child.tag == "mo" and child.text in ("−", "+", "¬"):
            begins = before is None or (before.tag == "mo" and before.get("form") != "postfix")
            child.set("form", "prefix" if begins else "infix")
            if begins:
                child.set("lspace", "0")
                child.set("rspace", "0")
        before = child


def _widths(root: Element) -> dict[Element, float]:
    """How many letters wide each part is."""
    width: dict[Element, float] = {}
    for each in reversed([*root.iter()]):  # what is inside comes first
        inside = [width[child] for child in each]
        if each.tag == "mfrac":
            width[each] = max(inside)
        elif each.tag in ("msup", "msub", "msubsup") and inside:
            width[each] = inside[0] + _SMALLER * max(inside[1:])
        elif each.tag in _TALL - {"mtable", "msqrt"} and inside:
            width[each] = max(inside[0], *(_SMALLER * other for other in inside[1:]))
        else:
            sign = each.tag == "mo" and (each.text in _RELATIONS or each.get("form") == "infix")
            width[each] = sum(inside) + len((each.text or "").strip()) + sign
    return width


def _flat(parts: Iterable[Element], width: dict[Element, float], widest: float) -> list[Element]:
    """The parts of a side that is too wide, with those of its wide rows and fractions among them."""
    found: list[Element] = []
    waiting = [*parts][::-1]
    while waiting:
        each = waiting.pop()
        if width[each] > widest / 2 and each.tag == "mrow":
            waiting += reversed(each)
        elif width[each] > widest and each.tag == "mfrac":
            above, below = each
            slash = Element("mo", lspace="0.1em", rspace="0.1em")
            slash.text = "/"
            sides = *_bracketed(above, width), slash, *_bracketed(below, width)
            width[slash] = 1.0
            waiting += reversed(sides)
        else:
            found.append(each)
    return found


def _bracketed(side: Element, width: dict[Element, float]) -> list[Element]:
    """A side of a fraction as it stands on one line: in brackets if it is more than one thing."""
    if side.tag != "mrow" or len(side) < 2:
        return [side]
    brackets = []
    for sign, form in ("(", "prefix"), (")", "postfix"):
        bracket = Element("mo", form=form, stretchy="false", lspace="0", rspace="0", fence="true")
        bracket.text = sign
        width[bracket] = 1.0
        brackets.append(bracket)
    return [brackets[0], *side, brackets[1]]


def _broken(
    parts: Iterable[Element], width: dict[Element, float], widest: float
) -> list[list[Element]]:
    """Parts that stay together: a side of an equation, or where that is too wide a term of it."""
    sides: list[list[Element]] = [[]]
    for each in parts:
        if each.tag == "mo" and each.text in _RELATIONS and sides[-1]:
            sides.append([])
        sides[-1].append(each)
    found: list[list[Element]] = []
    for side in sides:
        if sum(map(width.__getitem__, side)) <= widest:
            found.append(side)
            continue
        for term in _apart(_flat(side, width, widest), _JOINING):
            if sum(map(width.__getitem__, term)) > widest:
                first, *others = _apart(term, "·")
                if others and sum(map(width.__getitem__, first)) <= _SHORT:
                    first += others.pop(0)
                found += [first, *others]
            else:
                found.append(term)
    return found


def _apart(parts: Sequence[Element], signs: Collection[str]) -> list[list[Element]]:
    """The parts in pieces that begin with one of these signs, or end with a comma."""
    found: list[list[Element]] = [[]]
    for each in parts:
        joins = each.tag == "mo" and each.text in signs and each.get("form") != "prefix"
        if joins and each.text != "," and found[-1]:
            found.append([])
        found[-1].append(each)
        if joins and each.text == ",":
            found.append([])
    return [piece for piece in found if piece]


def _math(parts: list[Element], width: dict[Element, float], widest: float) -> str:
    """A piece; one that stays too wide has a page of its own to move in."""
    first = parts[0]
    if first.tag == "mo" and first.text in _JOINING | {"·"} and not first.get("form"):
        first.set("form", "infix")
    inside = "".join(ElementTree.tostring(each, "unicode") for each in parts)
    text = f"{_OPEN}<mrow>{inside}</mrow></math>"
    wide = sum(map(width.__getitem__, parts)) > widest
    return f'<span class="wide">{text}</span>' if wide else text
