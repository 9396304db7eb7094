"""The loops of the kernels, as text for LLVM: one forward and one backward for each kind of step.

All take the same: `%own` are the results of the segment's steps (or their gradients), `%a`, `%b`
and `%c` their operands as places in all values (or gradients) `%all`, `%p` and `%q` their slopes by
`a` and `b`, `%codes` the kinds of steps that are of many kinds, `%n` the number of steps. What a
loop has seen is behind `%seen`: it reads that first and writes it last.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from sys import float_info
from typing import NamedTuple

from backprop.engine.writers.llvm import Code, Operand, literal
from backprop.operations import OPERATIONS
from backprop.row import Operation
from backprop.syntax import functions

MIXED = 0
"""The kind of a segment whose steps are of many kinds."""

LEAVES = -1
"""That of the inputs, which have nothing to compute: their gradients are looked at."""

SLICES = {
    "own": "double", "p": "double", "q": "double", "a": "i32", "b": "i32", "c": "i32", "codes": "i16"
}  # fmt: skip
"""The arrays of a segment, and what they hold."""

OPERANDS = "ptr %all, ptr %own, {}, i64 %n, ptr noalias %seen".format(
    ", ".join(f"ptr noalias %{name}" for name in SLICES if name != "own")
)
"""What every loop takes."""


class Kind(NamedTuple):
    """What a loop computes: an operation; one of its operands may be a number known beforehand.

    order: which operands are `a`, `b` and `c`. known: the number of an operand, by its place.
    """

    name: str
    order: tuple[int, ...]
    known: tuple[tuple[int, float], ...] = ()


def is_wide(row: Operation) -> bool:
    """Whether an operation has more slopes than a tape has arrays for: it is laid out in parts."""
    return row.arity > 2 and not row.chooses


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind there is; the first is none, for MIXED."""
    found = [Kind("", ())]
    for row in OPERATIONS.values():
        if is_wide(row):
            continue
        order = (1, 2, 0) if row.arity == 3 else tuple(range(row.arity))
        found.append(Kind(row.name, order))
        for operand, number, _ in row.special:
            found.append(Kind(row.name, order, ((row.operands.index(operand), number),)))
    return tuple(found)


CHOICE = next(at for at, kind in enumerate(kinds()) if kind.name and OPERATIONS[kind.name].chooses)
"""The kind of steps that take one of two branches."""

KnownSlopes = Sequence[float | None]
"""The slopes by `a` and `b`: numbers where they are the same at every point, else None: they are stored."""

STORED: KnownSlopes = (None, None)

_LOOP = """
define internal fastcc void @{name}({operands}) noinline {{
entry:
  %before = load {seen}, ptr %seen, align 8
  %last = sub i64 %n, 1
  br label %loop
loop:
  %k = phi i64 [{first}, %entry], [%k1, %{block}]
  %seen0 = phi {seen} [%before, %entry], [{after}, %{block}]
{body}
  %k1 = add i64 %k, {stride}
  %more = icmp {more}
  br i1 %more, label %loop, label %done
done:
  store {seen} {after}, ptr %seen, align 8
  ret void
}}"""
"""A loop over the steps of a segment. more: whether there is another one. block: the one that the
body ends in. seen, after: the type of what the loop has seen, and its register after a step."""


def forward_over(
    name: str, code: Code, out: str, block: str = "loop", operands: str = OPERANDS
) -> str:
    """A loop from the first step to the last; `out` is what the code makes of step k. It adds up x
    - x, which is 0 for a number and nan for what is none."""
    code.store(out, code.at("%own", "%k"))
    nought = code.emit(f"fsub {code.double} {out}, {out}")
    after = code.emit(f"fadd {code.double} %seen0, {nought}")
    return _LOOP.format(
        name=name, operands=operands, seen=code.double, first=0, stride=code.width,
        more="slt i64 %k1, %n", block=block, after=after, body=code.body,
    )  # fmt: skip


def forward_loop(number: int, code: Code) -> tuple[str, KnownSlopes]:
    """The forward loop of one kind: values to `own`, slopes that are not constant to `p`, `q`."""
    out, slopes = _step(kinds()[number], code, stored=False)
    return forward_over(f"f{number}", code, out), slopes


def mixed_forward(used: Iterable[int], code: Code) -> str:
    """The forward loop over steps of many kinds, in the order of the program."""
    out = by_kind(used, code, lambda kind: _step(kind, code, stored=True)[0])
    return forward_over(f"f{MIXED}", code, out, "next")


def by_kind(used: Iterable[int], code: Code, step: Callable[[Kind], str]) -> str:
    """The register of what `step` makes of steps of many kinds; the block `next` begins behind it."""
    which = code.load(code.at("%codes", "%k", "i16"), "i16")
    targets = " ".join(f"i16 {number}, label %case{number}" for number in used)
    code.lines += [f"  switch i16 {which}, label %never [{targets}]", "never:", "  unreachable"]
    results = []
    for number in used:
        code.label(f"case{number}")
        results.append(f"[{step(kinds()[number])}, %case{number}]")
        code.lines.append("  br label %next")
    code.label("next")
    return code.emit(f"phi double {', '.join(results)}")


def _step(kind: Kind, code: Code, stored: bool) -> tuple[str, KnownSlopes]:
    """Instructions for steps of one kind, as many as there are lanes: the register of the value,
    and the slopes. stored: whether slopes that are the same at every point are stored as well."""
    register, slopes = computed(kind, code)
    found: list[float | None] = []
    for array, slope in zip("pq", slopes, strict=True):
        found.append(slope if isinstance(slope, float) else None)
        if stored or found[-1] is None:
            number = code.write(slope)
            code.store(number, code.at(f"%{array}", "%k"))
    return register, found


def computed(kind: Kind, code: Code) -> tuple[str, list[Operand]]:
    """The register of the value of steps of one kind, and their slopes by `a` and `b`."""
    known = dict(kind.known)
    operands: dict[int, Operand] = {}
    for place, array in zip(kind.order, "abc", strict=False):
        operands[place] = known[place] if place in known else gathered(code, array)
    given = [operands[place] for place in range(len(kind.order))]
    out = code.value(kind.name, given)
    register = code.write(out)
    by = code.slopes(kind.name, given, out if isinstance(out, float) else register)
    wanted = [0.0 if place in known else by[place] for place in kind.order[:2]]
    return register, [*wanted, 0.0][:2]


def gathered(code: Code, array: str, of: str = "%all") -> str:
    """The operands that an array of indices names."""
    at = code.at(f"%{array}", "%k", "i32")
    numbers = [code.load(_place(code, code.at(at, lane, "i32"), of)) for lane in range(code.width)]
    return numbers[0] if code.width == 1 else code.together(numbers)


def _place(code: Code, pointer: str, of: str = "%all") -> str:
    """The place that an index, which stands behind a pointer, names in all values (or gradients)."""
    index = code.load(pointer, "i32")
    return code.at(of, code.emit(f"zext i32 {index} to i64"))


@cache
def known_slopes(number: int) -> KnownSlopes:
    """Those of the steps of a kind that its forward loop does not store."""
    return _step(kinds()[number], Code(), stored=False)[1] if number > MIXED else STORED


@cache
def _lossy(number: int) -> tuple[float, ...]:
    """Whether the slopes of a kind by `a` and `b` can be lost where no number is 0, whether its value
    can, and whether it has two operands: 1 or 0."""
    kind = kinds()[number]
    lost = functions.can_be_lost(kind.name) if kind.name else ()
    pairs = zip(kind.order, known_slopes(number), strict=False)
    by = [lost[place] and slope is None for place, slope in pairs]
    own = bool(kind.name) and functions.can_vanish(kind.name)
    return tuple(map(float, [*by, *[False] * (2 - len(by)), own, len(kind.order) == 2]))


def can_lose(number: int) -> bool:
    """Whether steps of a kind can have slopes that are lost, or values."""
    return number == MIXED or any(_lossy(number)[:3])


_OF = "a != 0 and (b != 0 or not two)"
_LOSES = " or ".join(
    f"by_{by} and abs({of}) < {float_info.min} and ({of} != 0 or {made_of})"
    for by, of, made_of in (
        ("a", "p", f"out != 0 and {_OF}"),
        ("b", "q", f"out != 0 and {_OF}"),
        ("own", "out", _OF),
    )
)


def losing_loop(number: int) -> str:
    """The loop that looks whether a slope of steps of one kind is too small for a double, or a value,
    though no number that it is made of is 0."""
    code = Code()
    names: dict[str, Operand] = {"out": code.load(code.at("%own", "%k"))}
    names |= {name: gathered(code, name) for name in "ab"}
    names |= {name: code.load(code.at(f"%{name}", "%k")) for name in "pq"}
    told: Sequence[Operand] = _lossy(number)
    if number == MIXED:
        which = code.emit(f"zext i16 {code.load(code.at('%codes', '%k', 'i16'), 'i16')} to i64")
        row = code.at("@lossy", which, "[4 x double]")
        told = [code.load(code.at(row, at)) for at in range(4)]
    lost = code.text(
        _LOSES, {**names, **dict(zip(("by_a", "by_b", "by_own", "two"), told, strict=True))}
    )
    after = code.emit(f"or i64 %seen0, {code.emit(f'zext i1 {lost} to i64')}")
    loop = _LOOP.format(
        name=f"l{number}", operands=OPERANDS, seen="i64", first=0, stride=1, more="slt i64 %k1, %n",
        block="loop", after=after, body=code.body,
    )  # fmt: skip
    if number != MIXED:
        return loop
    rows = [
        ", ".join(f"double {literal(each)}" for each in _lossy(at)) for at in range(len(kinds()))
    ]
    table = ", ".join(f"[4 x double] [{row}]" for row in rows)
    return f"@lossy = internal constant [{len(rows)} x [4 x double]] [{table}]\n{loop}"


def backward_loop(name: str, slopes: KnownSlopes) -> str:
    """The backward loop of steps with these slopes: none for one that only looks at gradients. It
    keeps the largest magnitude that a gradient has.

    name: that of the loop. In `careful` steps look whether a gradient has come to them at all
    (`walk.NOTHING`), in `careful_choices` they choose to which branch one comes, and in
    `careful_mixed` there are both. Where gradient and slope are finite the plain loops give the
    same: 0 times a number adds 0.
    """
    code = Code()
    gradient = code.load(code.at("%own", "%k"))
    bits = code.emit(f"bitcast double {gradient} to i64")
    size = code.emit(f"shl i64 {bits}, 1")
    after = code.emit(f"call i64 @llvm.umax.i64(i64 %seen0, i64 {size})")
    for operand, array, slope in zip("ab", "pq", slopes, strict=False):
        if slope != 0.0:
            factor = code.load(code.at(f"%{array}", "%k")) if slope is None else slope
            share = code.product(gradient, factor, name in ("careful", "careful_mixed"))
            if name == "careful_choices":
                share = code.branch(gradient, factor)
            elif name == "careful_mixed":
                to_branch = code.branch(gradient, factor)
                which = code.load(code.at("%codes", "%k", "i16"), "i16")
                choice = code.emit(f"icmp eq i16 {which}, {CHOICE}")
                share = code.chosen(choice, to_branch, share)
            place = _place(code, code.at(f"%{operand}", "%k", "i32"))
            code.store(code.emit(f"fadd double {code.load(place)}, {share}"), place)
    return _LOOP.format(
        name=name, operands=OPERANDS, seen="i64", first="%last", stride=-1, more="sge i64 %k1, 0",
        block="loop", after=after, body=code.body,
    )  # fmt: skip
