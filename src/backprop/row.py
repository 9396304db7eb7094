"""What a row of the table of operations says: the record `Operation`, and the precedences."""

from collections.abc import Callable
from typing import NamedTuple

Operands = tuple[float, ...]

# How tightly an operation holds its operands; a call holds tightest of all.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, CALL = range(1, 10)


class Operation(NamedTuple):
    """One row of the table; the first fields are those that `operations.py` begins with."""

    name: str
    operands: tuple[str, ...]
    value: Callable[..., float] | str
    slopes: tuple[str, ...]
    latex: str = ""
    samples: tuple[Operands, ...] = ()
    corners: tuple[tuple[Operands, Operands], ...] = ()
    source: str = ""
    binding: int = CALL
    """How tightly it holds its operands, its precedence: `*` more tightly than `+`."""
    tex_binding: int = 0
    """How tightly its LaTeX holds together, where that differs from `binding`."""
    called: bool = True
    """Whether an equation file calls it by name; otherwise the grammar has a form of its own for it."""
    defaults: tuple[float, ...] = ()
    """Values of trailing operands that a call may leave out."""
    folds: bool = False
    """Whether a call may have more operands: `min(a, b, c)` is `min(min(a, b), c)`."""
    around: tuple[str, ...] = ()
    """Where that would lose digits: the rows that find a pivot among three operands or more, take
    it from each, and put it back to the result. What they say of the pivot cancels: slope 0."""
    written: str = ""
    """The operation as which formulas and pictures show such a row."""
    chooses: bool = False
    """Whether its value is the second operand where the first is true, and else the third."""
    says: Callable[..., tuple[int, ...]] | None = None
    """Given the values of all operands, which of them have a say in the result, by number: of an
    `if` the condition and the branch taken. None: all of them, always."""
    domain: str = ""
    """Where it has a value, in words for a message: `x > 0`. "": everywhere."""
    pole: Callable[..., bool] | None = None
    """Given operands where the value is infinite, whether that is a pole and not overflow. None: it
    is, if the row has a domain."""
    symbol: str = ""
    """What a picture shows instead of the name, where a typographic sign is clearer."""
    textbook: tuple[str, ...] = ()
    """The slopes as a textbook writes them where the value `out` has a name, `1 - out^2`; of a row
    that folds, everywhere. They may cancel, and are read by people only. (): as `slopes`."""
    short: tuple[str, ...] = ()
    """The slopes as formulas are written for people, as accurate and shorter, but with a step that
    overflows where the slope does not, `1/(1 + x^2)` from x = 1e154 on. (): as `slopes`."""
    again: tuple[str, ...] = ()
    """The slopes as a graph has them that is derived again, where the chain rule on `slopes` cancels.
    (): as `slopes`."""
    square: str = ""
    """Where its square leaves the doubles though what it stands in does not: `large`, or `both` where
    it does so near 0, too. Formulas then divide by it twice."""
    rule: str = ""
    """What differentiating it is called; "": `derivative of tanh`, `chain rule through tanh`."""
    alone: tuple[str, ...] = ()
    """For each operand, what the rule is called where the others are numbers: `x^2` falls under the
    power rule, `2^x` under the exponential rule, and `x^x`, with no `rule`, under both. (): as `rule`."""
    corner: str = ""
    """The condition of a kink in its graph, as text in the language; `slopes` say the slope there."""
    jump: str = ""
    """The condition of a jump in its graph, as text in the language."""
    height: str = "1"
    """How high its jumps are: text in the language."""
    angle: str = ""
    """The value where the first operand is a 0 whose sign decides it, which mpmath's numbers do not
    have: text, in which this operand is 1 or -1."""
    machine: str = ""
    """How machine code computes the value: an instruction of LLVM's (`fadd`), a predicate of its
    comparisons (`olt`), an intrinsic (`llvm.sqrt`), a function of C's library (`exp`), or text in the
    language; "": the text of `value`, or a call of the Python function, which is slow."""
    mended: str = ""
    """The value as text in which `out` is what `machine` gives, where that is not yet the value."""
    special: tuple[tuple[str, float, str], ...] = ()
    """Simpler values for machine code, where an operand is a certain number: `x^2` is `x*x`."""
    any_size: bool = False
    """Whether mpmath is quick with numbers of any size: with what is algebraic and with logarithms;
    `exp` of a huge number has as many bits as that says. A row whose value is text is as its parts."""
    digits_cost: int = 1
    """With many digits it and its slopes take as long as so many usual steps."""
    unrounded: bool = False
    """Whether its value is exact where it is small, as those of sums and remainders are."""
    precise: str = ""
    """The value at any precision: text in the language, in which mpmath's functions can be called;
    "": the text of `value`, or mpmath's function of that name, or `value` on mpmath's numbers."""
    precise_slopes: tuple[str, ...] = ()
    """The slopes at any precision, where `slopes` are series that end with the digits of doubles. What
    they cancel is given to them as more digits. (): as `slopes`."""

    def for_people(self, textbook: bool) -> tuple[str, ...]:
        """The slopes as formulas are written for people; with `textbook` as textbooks write them."""
        return (textbook and self.textbook) or self.short or self.slopes

    @property
    def arity(self) -> int:
        return len(self.operands)

    @property
    def cost(self) -> int:
        """With doubles it and its slopes take as long as so many usual steps: mpmath computes some."""
        return 1 if self.machine or isinstance(self.value, str) else self.digits_cost

    @property
    def sign(self) -> str:
        """What stands in the circle of a picture."""
        return self.symbol or self.written or self.name

    def at_pole(self, *operands: float) -> bool:
        """Whether an infinite value at these operands is a pole, where there is no value."""
        return bool(self.domain) and (self.pole is None or self.pole(*operands))

    @property
    def form(self) -> str:
        """How an equation file writes it, with the row's own operand names: `x/y`, `atan2(y, x)`."""
        name = self.written or self.name
        return (
            f"{name}({', '.join(self.operands)})"
            if name.isidentifier()
            else name.join(self.operands)
        )


def is_truth(row: Operation) -> bool:
    """Whether the value of an operation is 1 or 0, true or false."""
    return row.binding in (OR, AND, NOT, COMPARISON)
