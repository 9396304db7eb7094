"""Blocks of rows by threads: parts come in the order of the blocks, and one block needs no thread."""

import threading
import time
from collections.abc import Iterator

import pytest

from backprop.by_rows.threads import over_blocks


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("many", [0, 1, 2, 3, 40])
def test_parts_come_in_order_whatever_each_takes(threads: int, many: int) -> None:
    def part(block: int) -> int:
        time.sleep(0.002 * (block % 3 == 0))
        return block * block

    with over_blocks(threads) as mapped:
        assert [*mapped(part, range(many))] == [each * each for each in range(many)]


def test_one_block_is_done_where_it_is_asked_for() -> None:
    with over_blocks(4) as mapped:
        assert [*mapped(lambda _: threading.get_ident(), [0])] == [threading.get_ident()]
        others = [*mapped(lambda _: threading.get_ident(), iter(range(9)))]
        assert threading.get_ident() not in others


@pytest.mark.parametrize("many", [1, 2, 30])
def test_what_goes_wrong_in_a_block_is_raised_and_reading_ends(many: int) -> None:
    closed = []

    def blocks() -> Iterator[int]:
        try:
            yield from range(many)
        finally:
            closed.append(True)

    def part(block: int) -> float:
        return 1 / (block - many + 1)

    with over_blocks(3) as mapped:
        coming = blocks()
        with pytest.raises(ZeroDivisionError):
            [*mapped(part, coming)]
        assert closed == [True]
