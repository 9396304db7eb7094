"""Sizes of what modules of tests are made of: in the ordinary run what a path of the code needs."""

_WHOLE = [False]


def ask_for_whole(whole: bool) -> None:
    """Before any module of tests is read."""
    _WHOLE[0] = whole


def size(ordinary: int, whole: int) -> int:
    """The first one, with --whole the second."""
    return whole if _WHOLE[0] else ordinary
