"""What gathers rows as a reduction, against mpmath and plain numbers: values, slopes, merged in any blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import exp, fsum, inf, isnan, prod
from typing import Any

import mpmath
import numpy
import pytest

from backprop.by_rows import held_rows
from backprop.by_rows.block_kernel import NotSure
from backprop.by_rows.reductions import CHUNK, Totals, together
from backprop.by_rows.row_gathers import Merging, reduction
from backprop.operations import GATHERS
from test_by_rows import Given, passed

SIZES = (1, 2, 31, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7)


def truth(gather: str, terms: list[float]) -> tuple[Any, list[Any]]:
    """The value and the slopes by all terms, to 40 digits."""
    with mpmath.workdps(40):
        exact = [mpmath.mpf(each) for each in terms]
        if gather in ("sum", "mean"):
            return mpmath.fsum(exact), [1] * len(terms)
        if gather in ("max", "min"):
            best = (max if gather == "max" else min)(terms)
            first = terms.index(best)
            return best, [int(at == first) for at in range(len(terms))]
        if gather == "prod":
            before, behind = [mpmath.mpf(1)], [mpmath.mpf(1)]
            for one, other in zip(exact, reversed(exact), strict=True):
                before.append(before[-1] * one)
                behind.append(behind[-1] * other)
            behind.reverse()
            return before[-1], [a * b for a, b in zip(before[:-1], behind[1:], strict=True)]
        largest = max(exact)
        every = [mpmath.exp(each - largest) for each in exact]
        total = mpmath.fsum(every)
        return largest + mpmath.log(total), [each / total for each in every]


def reduced(gather: str, terms: Any, chunks: int) -> tuple[float, Any]:
    """Value and slopes, in blocks of so many chunks."""
    made = reduction(gather)
    totals = Totals(numpy.array(made.zero), made.merged)
    blocks = [(at, terms[at : at + chunks * CHUNK]) for at in range(0, len(terms), chunks * CHUNK)]
    for start, some in blocks:
        totals.add(made.parts(some, len(some), start))
    state = totals.value()
    slopes = [
        numpy.broadcast_to(made.slopes(state, some, len(some), start), len(some))
        for start, some in blocks
    ]
    return made.number(state), numpy.concatenate(slopes)


def terms_for(gather: str, rows: int) -> list[Any]:
    chance = numpy.random.default_rng(rows)
    found = [chance.normal(size=rows)]
    if gather == "prod":
        found[0] = 1 + 0.01 * found[0]
        for zeros in (1, 2, 3):
            found.append(found[0].copy())
            found[-1][chance.permutation(rows)[:zeros]] = 0.0
        large = numpy.exp(chance.uniform(-600, 600, rows))
        found.append(large / numpy.exp(numpy.log(large).mean()) * chance.choice([1.0, -1.0], rows))
    else:
        found += [1e6 + found[0], -1e6 + found[0], found[0] * 1e5, 1e303 * found[0]]
        found.append(numpy.zeros(rows))
    return found


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("gather", sorted(GATHERS))
def test_values_and_slopes(gather: str, rows: int) -> None:
    for terms in terms_for(gather, rows):
        with numpy.errstate(all="ignore"):
            value, slopes = reduced(gather, terms, 1)
            others = [reduced(gather, terms, chunks) for chunks in (2, 3, 64)]
        for other, more in others:
            assert value == other
            assert slopes.tolist() == more.tolist()  # to the bit
        right, by_term = truth(gather, terms.tolist())
        size = fsum(map(abs, terms)) if gather in ("sum", "mean") else abs(right)
        if gather == "prod" and right:  # a rounding or two a term
            assert abs(value / right - 1) < 3e-16 * rows + 1e-15
        else:
            assert abs(value - right) <= 4e-16 * size
        largest = max(map(abs, by_term))
        for slope, sure in zip(slopes.tolist(), by_term, strict=True):
            if gather == "prod":
                assert abs(slope - sure) <= (3e-16 * rows + 1e-15) * abs(sure)
            else:
                assert abs(slope - sure) <= 2e-14 * abs(sure) + 1e-30 * largest


@pytest.mark.parametrize("gather", sorted(GATHERS))
def test_no_rows(gather: str) -> None:
    made = reduction(gather)
    value = made.number(Totals(numpy.array(made.zero), made.merged).value())
    empty = GATHERS["sum" if gather == "mean" else gather].empty
    least = {"max": -inf, "min": inf, "logsumexp": -inf}
    assert value == (least[gather] if empty is None else empty)


def test_products_beyond_doubles_have_no_number() -> None:
    made = reduction("prod")
    for number in (1e200, 1e-200):
        state = made.parts(numpy.full(3, number), 3, 0)[0]
        assert isnan(made.number(state))


def test_numbers_that_are_none_are_kept() -> None:
    for gather in GATHERS:
        made = reduction(gather)
        terms = numpy.ones(3 * CHUNK)
        for row in (0, CHUNK + 1, 3 * CHUNK - 1):
            terms[:] = 1.0
            terms[row] = float("nan")
            assert isnan(made.number(together(made.parts(terms, len(terms), 0), made.merged)))


def test_totals_merge_with_those_of_rows_behind() -> None:
    merging = Merging([reduction(each) for each in ("sum", "max", "prod", "logsumexp")], 1)
    terms = numpy.random.default_rng(3).uniform(0.99, 1.01, 7 * CHUNK + 3)

    def totals(start: int, end: int) -> Totals:
        found = Totals(merging.zero, merging)
        for at in range(start, end, CHUNK):
            some = terms[at : min(at + CHUNK, end)]
            parts = [each.parts(some, len(some), at) for each in merging.reductions]
            found.add(numpy.concatenate([*parts, parts[0]], axis=1))
        return found

    whole = totals(0, len(terms)).value()
    first, second = totals(0, 4 * CHUNK), totals(4 * CHUNK, len(terms))
    first.merge(second)
    assert first.value().tolist() == whole.tolist()
    assert whole[0] == whole[-1]


@pytest.mark.parametrize("rows", SIZES)
def test_gradients_by_what_all_rows_have_in_common(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = numpy.random.default_rng(rows)
    x, y = chance.uniform(0.5, 2, rows), chance.normal(size=rows)
    table, a, b = Given(x=x, y=y), 0.3, 0.01
    text = f"a = {a}; b = {b}; L = max(a*x*y) - 2*min(a*y) + logsumexp(a*y + b) + prod(1 + b*y)"
    found = list[Any]()
    for chunks in (1, 2, 3, 64):
        monkeypatch.setattr(held_rows, "BLOCK", chunks * CHUNK)
        for threads in (0, 1, 2, 3):
            with ThreadPoolExecutor(max(threads, 1)) as pool:
                made = passed(text, table, map_blocks=pool.map if threads else map)
            sizes = {name: each.size for name, each in made.slopes.items()}
            found.append((made.value, dict(made.gradients), sizes))
    assert all(each == found[0] for each in found)  # to the bit
    total = fsum(map(exp, a * y + b))
    product = prod(map(float, 1 + b * y))
    value = max(a * x * y) - 2 * min(a * y) + numpy.log(total) + product
    by_a = max(x * y) - 2 * min(y) + fsum(y * numpy.exp(a * y + b)) / total
    by_b = 1 + product * fsum(y / (1 + b * y))
    assert found[0][0] == pytest.approx(float(value), rel=1e-13)
    assert found[0][1]["a"] == pytest.approx(float(by_a), rel=1e-12)
    assert found[0][1]["b"] == pytest.approx(float(by_b), rel=1e-12)


def test_several_rows_that_are_the_largest_are_a_border() -> None:
    table = Given(x=[1.0, 3.0, 2.0, 3.0])
    with pytest.raises(NotSure, match="several rows have the max"):
        passed("a = 2; L = max(a*x)", table)
    # by what all rows have in common there is none where they are data alone
    assert passed("a = 2; L = a*max(x)", table, watched=False).gradients["a"] == 3
    with pytest.raises(NotSure, match="several rows have the min"):
        passed("a = 0; L = min(a*x)", table, watched=False)


@pytest.mark.parametrize(
    ("zeros", "by_a"), [((), 6.0 * (1 + 1 / 2 + 1 / 3)), ((1,), 3.0), ((1, 2), 0.0)]
)
def test_zeros_in_products(zeros: tuple[int, ...], by_a: float) -> None:
    x = [1.0, 2.0, 3.0]
    for at in zeros:
        x[at] = 0.0
    found = passed("a = 0; L = prod(a + x)", Given(x=x))
    assert found.value == prod(x)
    assert found.gradients["a"] == pytest.approx(by_a, rel=1e-15)
