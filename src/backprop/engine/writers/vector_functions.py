"""Functions of C's library for eight or four doubles at once, in text for LLVM: parts of the loops that call
them.

Where a vector is passed to glibc's functions all others have to leave their registers, and one call waits
for the one before. The exponential is that of a rest between -log(2)/2 and log(2)/2, by a polynomial
(Chebyshev's, error 2.6e-17), times a power of 2 (Cody and Waite 1980, chapter 6). At most 1.12 ulp off,
the hyperbolic cosine 2, and the hyperbolic tangent, (e - 1)/(e + 1) with e = exp(2*x), 3 ulp.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from functools import cache
from struct import pack, unpack
from types import MappingProxyType

WIDTHS = {8: "avx512f", 4: "fma"}
"""For so many doubles, and what a processor must be able to: AVX-512 has an instruction that scales by powers
of 2; where there is none exponents are added as whole numbers."""

_POLYNOMIAL = (
    0x3FE0000000000000, 0x3FC5555555555555, 0x3FA5555555554CB7, 0x3F81111111110E6A, 0x3F56C16C1738FF55,
    0x3F2A01A01A4B322F, 0x3EFA019C9A5652D3, 0x3EC71DE17E40EDFE, 0x3E92880411BAD1AA, 0x3E5AF236AAC51D05,
)  # fmt: skip
"""Of (exp(r) - 1 - r)/r^2: the number, then that of r, and so on."""

_ONE, _TWO = 0x3FF0000000000000, 0x4000000000000000
_MAGIC = 0x4338000000000000
"""1.5 * 2^52: what is added to it becomes whole."""
_BIASED = _MAGIC + 1023
"""What is added to it has the bits of its power of 2 at the end."""
_FINE = 0x42B800000003FF00
"""1.5 * 2^44 + 1023: so has what is added to it, and behind them 8 bits of its fraction."""

_LEAST = 0xC087700000000000
"""-750, below which exp is 0."""

_NEAR = (0x3FE0000000000000, 0x3FC555556DEEBA21, 0x3FA5555555555555)
"""Of (exp(r) - 1 - r)/r^2 for r between -log(2)/512 and log(2)/512."""


def _powers() -> list[int]:
    """The bits of 2^(k/256), less those that k has where it stands behind an exponent."""
    with localcontext(prec=40):
        found = [float(Decimal(2) ** (Decimal(k) / 256)) for k in range(256)]
    return [unpack("<q", pack("<d", each))[0] - (k << 44) for k, each in enumerate(found)]


class _Texts:
    """The functions for vectors of one width."""

    def __init__(self, width: int) -> None:
        self.width, self.double, self.whole = width, f"<{width} x double>", f"<{width} x i64>"
        self.by_instruction = width == 8
        self.magic = _MAGIC if self.by_instruction else _BIASED

    def alike(self, bits: int) -> str:
        """The number in all places."""
        return "<" + ", ".join([f"double 0x{bits:016X}"] * self.width) + ">"

    def whole_alike(self, number: int) -> str:
        """The whole number in all places."""
        return "<" + ", ".join([f"i64 {number}"] * self.width) + ">"

    def fma(self, x: str, y: str, z: str) -> str:
        """x*y + z."""
        double = self.double
        return f"call {double} @llvm.fma.v{self.width}f64({double} {x}, {double} {y}, {double} {z})"

    def polynomial(self, of: int, alone: int, s: str) -> str:
        """A coefficient times s, and another one."""
        return self.fma(self.alike(_POLYNOMIAL[of]), s, self.alike(_POLYNOMIAL[alone]))

    def clamped(self, x: str, least: int, most: int) -> str:
        """%y, x between two numbers."""
        double = self.double
        return f"""
  %large = fcmp ogt {double} {x}, {self.alike(most)}
  %most = select <{self.width} x i1> %large, {double} {self.alike(most)}, {double} {x}
  %small = fcmp olt {double} %most, {self.alike(least)}
  %y = select <{self.width} x i1> %small, {double} {self.alike(least)}, {double} %most"""

    @property
    def rest(self) -> str:
        """y = n*log(2) + r, and q with exp(r) = 1 + r + q*r^2. s is r and 2^-60, whose powers are not too
        small for a double: that would be marked."""
        fma, double = self.fma, self.double
        return f"""
  %shifted = {fma("%y", self.alike(0x3FF71547652B82FE), self.alike(self.magic))}
  %n = fsub {double} %shifted, {self.alike(self.magic)}
  %rough = {fma("%n", self.alike(0xBFE62E42FEFA39EF), "%y")}
  %r = {fma("%n", self.alike(0xBC7ABC9E3B39803F), "%rough")}
  %s = fadd {double} %r, {self.alike(0x3C30000000000000)}
  %s2 = fmul {double} %s, %s
  %a4 = {self.polynomial(8, 6, "%s2")}
  %a3 = {fma("%a4", "%s2", self.alike(_POLYNOMIAL[4]))}
  %a2 = {fma("%a3", "%s2", self.alike(_POLYNOMIAL[2]))}
  %a1 = {fma("%a2", "%s2", self.alike(_POLYNOMIAL[0]))}
  %b4 = {self.polynomial(9, 7, "%s2")}
  %b3 = {fma("%b4", "%s2", self.alike(_POLYNOMIAL[5]))}
  %b2 = {fma("%b3", "%s2", self.alike(_POLYNOMIAL[3]))}
  %b1 = {fma("%b2", "%s2", self.alike(_POLYNOMIAL[1]))}
  %q = {fma("%b1", "%s", "%a1")}"""

    def scaled(self, x: str, power: str) -> str:
        """x * 2^power, by the instruction."""
        double = self.double
        operands = f"{double} {x}, {double} {power}, {double} zeroinitializer, i8 -1, i32 4"
        return f"call {double} @llvm.x86.avx512.mask.scalef.pd.512({operands})"

    def power(self, less: str) -> str:
        """%power, 2^n over a power of 2 of which `less` has the bits above 1."""
        whole = self.whole
        return f"""
  %end = bitcast {self.double} %shifted to {whole}
  %bits = shl {whole} %end, {self.whole_alike(52)}
  %left = sub {whole} %bits, {less}
  %power = bitcast {whole} %left to {self.double}"""

    @property
    def exp(self) -> str:
        """exp(x)."""
        return self._exp_by_polynomial if self.by_instruction else self._exp_by_table

    @property
    def _exp_by_polynomial(self) -> str:
        double, y = self.double, self.clamped("%x", _LEAST, 0x4086800000000000)
        return f"""
define internal {double} @backprop.exp({double} %x) alwaysinline {{{y}{self.rest}
  %above = {self.fma("%q", "%s2", "%r")}
  %e = fadd {double} %above, {self.alike(_ONE)}
  %out = {self.scaled("%e", "%n")}
  ret {double} %out
}}"""

    @property
    def _exp_by_table(self) -> str:
        """Of y = (n + k/256)*log(2) + r: 2^n * 2^(k/256) * exp(r). The power is twice half of it, and far
        below 2^-64 times what is not too small for a double."""
        double, whole, alike = self.double, self.whole, self.alike
        pointers, y = f"<{self.width} x ptr>", self.clamped("%x", _LEAST, 0x4086300000000000)
        return f"""
@backprop.powers = internal constant [256 x i64] [{", ".join(f"i64 {each}" for each in _powers())}], align 64
define internal {double} @backprop.exp({double} %x) alwaysinline {{{y}
  %shifted = {self.fma("%y", alike(0x3FF71547652B82FE), alike(_FINE))}
  %n = fsub {double} %shifted, {alike(_FINE)}
  %rough = {self.fma("%n", alike(0xBFE62E42FEFA39EF), "%y")}
  %r = {self.fma("%n", alike(0xBC7ABC9E3B39803F), "%rough")}
  %a2 = {self.fma("%r", alike(_NEAR[2]), alike(_NEAR[1]))}
  %a1 = {self.fma("%r", "%a2", alike(_NEAR[0]))}
  %a0 = {self.fma("%r", "%a1", alike(_ONE))}
  %far = fcmp olt {double} %n, {alike(0xC08E000000000000)}
  %by = select <{self.width} x i1> %far, {double} {alike(0x3BF0000000000000)}, {double} {alike(_TWO)}
  %end = bitcast {double} %shifted to {whole}
  %k = and {whole} %end, {self.whole_alike(255)}
  %at = getelementptr i64, ptr @backprop.powers, {whole} %k
  %part = call {whole} @llvm.masked.gather.v{self.width}i64.v{self.width}p0({pointers} %at, i32 8,
    <{self.width} x i1> <{", ".join(["i1 true"] * self.width)}>, {whole} zeroinitializer)
  %bits = shl {whole} %end, {self.whole_alike(44)}
  %sum = add {whole} %part, %bits
  %by.bits = bitcast {double} %by to {whole}
  %left = sub {whole} %sum, %by.bits
  %power = bitcast {whole} %left to {double}
  %slope = fmul {double} %power, %a0
  %e = {self.fma("%slope", "%r", "%power")}
  %out = fmul {double} %e, %by
  ret {double} %out
}}"""

    @property
    def tanh(self) -> str:
        """tanh(x)."""
        double, most = self.double, self.alike(0x4044000000000000)
        if self.by_instruction:
            power = f"\n  %power = {self.scaled(self.alike(_ONE), '%n')}"
        else:
            power = self.power(self.whole_alike(0))
        return f"""
define internal {double} @backprop.tanh({double} %x) alwaysinline {{
  %size = call {double} @llvm.fabs.v{self.width}f64({double} %x)
  %twice = fadd {double} %size, %size
  %large = fcmp ogt {double} %twice, {most}
  %y = select <{self.width} x i1> %large, {double} {most}, {double} %twice{self.rest}
  %more = {self.fma("%q", "%r", self.alike(_ONE))}
  %above = fmul {double} %r, %more{power}
  %less = fsub {double} %power, {self.alike(_ONE)}
  %e = {self.fma("%power", "%above", "%less")}
  %under = fadd {double} %e, {self.alike(_TWO)}
  %ratio = fdiv {double} %e, %under
  %out = call {double} @llvm.copysign.v{self.width}f64({double} %ratio, {double} %x)
  ret {double} %out
}}"""

    @property
    def cosh(self) -> str:
        """cosh(x): exp(|x|)/2 and a quarter of its inverse, which is not seen from 2^60 on: then that of
        2^60, which is not too small for a double."""
        double = self.double
        if self.by_instruction:
            half = f"""
  %less = fsub {double} %n, {self.alike(_ONE)}
  %half = {self.scaled("%e", "%less")}"""
        else:  # 8 times a 16th of exp
            half = f"""{self.power(self.whole_alike(4 << 52))}
  %part = fmul {double} %e, %power
  %half = fmul {double} %part, {self.alike(0x4020000000000000)}"""
        return f"""
define internal {double} @backprop.cosh({double} %x) alwaysinline {{
  %size = call {double} @llvm.fabs.v{self.width}f64({double} %x)
  %large = fcmp ogt {double} %size, {self.alike(0x4086380000000000)}
  %y = select <{self.width} x i1> %large, {double} {self.alike(0x4086380000000000)}, {double} %size{self.rest}
  %above = {self.fma("%q", "%s2", "%r")}
  %e = fadd {double} %above, {self.alike(_ONE)}{half}
  %seen = fcmp olt {double} %half, {self.alike(0x43B0000000000000)}
  %by = select <{self.width} x i1> %seen, {double} %half, {double} {self.alike(0x43B0000000000000)}
  %other = fdiv {double} {self.alike(0x3FD0000000000000)}, %by
  %out = fadd {double} %half, %other
  ret {double} %out
}}"""

    def called(self) -> tuple[str, ...]:
        """Declarations of what the functions call."""
        double, width = self.double, self.width
        three = ", ".join([double] * 3)
        found = (
            f"declare {double} @llvm.fma.v{width}f64({three})",
            f"declare {double} @llvm.fabs.v{width}f64({double}) #0",
            f"declare {double} @llvm.copysign.v{width}f64({double}, {double}) #0",
        )
        if not self.by_instruction:
            whole, pointers = self.whole, f"<{width} x ptr>"
            gather = f"@llvm.masked.gather.v{width}i64.v{width}p0"
            return (f"declare {whole} {gather}({pointers}, i32, <{width} x i1>, {whole})", *found)
        return (
            f"declare {double} @llvm.x86.avx512.mask.scalef.pd.512({three}, i8, i32)",
            *found,
        )


SYMBOLS: Mapping[str, str] = MappingProxyType(
    {name: f"backprop.{name}" for name in ("exp", "tanh", "cosh")}
)
"""What the functions are called here."""


@cache
def _texts(width: int) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The functions by their symbols, and declarations of what they call."""
    made = _Texts(width)
    return {symbol: getattr(made, name) for name, symbol in SYMBOLS.items()}, made.called()


def defined(declared: set[str], width: int) -> list[str]:
    """What declares functions or, of those above, defines them, for vectors of a width. declared: lines of
    declarations."""
    found = sorted(declared)
    if width not in WIDTHS:
        return found
    texts, called = _texts(width)
    for symbol, text in texts.items():
        found = [text if f"@{symbol}(" in line else line for line in found]
    if any(text in found for text in texts.values()):
        found += [line for line in called if line not in found]
    return found
