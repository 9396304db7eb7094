"""Functions of C's library for eight doubles at once, in text for LLVM: parts of the loops that call them.

Where a vector is passed to glibc's functions all others have to leave their registers, and one call waits
for the one before. The exponential is that of a rest between -log(2)/2 and log(2)/2, by a polynomial
(Chebyshev's, error 2.6e-17), times a power of 2 (Cody and Waite 1980, chapter 6). At most 1.12 ulp off,
the hyperbolic cosine 2, and the hyperbolic tangent, (e - 1)/(e + 1) with e = exp(2*x), 3 ulp.
"""

from collections.abc import Mapping
from types import MappingProxyType

WIDTH = 8
"""For so many doubles: processors with AVX-512, which have an instruction that scales by powers of 2."""

_POLYNOMIAL = (
    0x3FE0000000000000, 0x3FC5555555555555, 0x3FA5555555554CB7, 0x3F81111111110E6A, 0x3F56C16C1738FF55,
    0x3F2A01A01A4B322F, 0x3EFA019C9A5652D3, 0x3EC71DE17E40EDFE, 0x3E92880411BAD1AA, 0x3E5AF236AAC51D05,
)  # fmt: skip
"""Of (exp(r) - 1 - r)/r^2: the number, then that of r, and so on."""


def _alike(bits: int) -> str:
    return "<" + ", ".join([f"double 0x{bits:016X}"] * WIDTH) + ">"


_DOUBLE = f"<{WIDTH} x double>"
_FMA = f"call {_DOUBLE} @llvm.fma.v{WIDTH}f64"


def _fma(x: str, y: str, z: str) -> str:
    return f"{_FMA}({_DOUBLE} {x}, {_DOUBLE} {y}, {_DOUBLE} {z})"


def _scaled(x: str, power: str) -> str:
    """x * 2^power."""
    operands = f"{_DOUBLE} {x}, {_DOUBLE} {power}, {_DOUBLE} zeroinitializer, i8 -1, i32 4"
    return f"call {_DOUBLE} @llvm.x86.avx512.mask.scalef.pd.512({operands})"


_ONE, _TWO = _alike(0x3FF0000000000000), _alike(0x4000000000000000)
_MAGIC = _alike(0x4338000000000000)  # 1.5 * 2^52: what is added to it becomes whole

_REST = f"""
  %shifted = {_fma("%y", _alike(0x3FF71547652B82FE), _MAGIC)}
  %n = fsub {_DOUBLE} %shifted, {_MAGIC}
  %rough = {_fma("%n", _alike(0xBFE62E42FEFA39EF), "%y")}
  %r = {_fma("%n", _alike(0xBC7ABC9E3B39803F), "%rough")}
  %s = fadd {_DOUBLE} %r, {_alike(0x3C30000000000000)}
  %s2 = fmul {_DOUBLE} %s, %s
  %s4 = fmul {_DOUBLE} %s2, %s2
  %s8 = fmul {_DOUBLE} %s4, %s4
  %a0 = {_fma(_alike(_POLYNOMIAL[1]), "%s", _alike(_POLYNOMIAL[0]))}
  %a1 = {_fma(_alike(_POLYNOMIAL[3]), "%s", _alike(_POLYNOMIAL[2]))}
  %a2 = {_fma(_alike(_POLYNOMIAL[5]), "%s", _alike(_POLYNOMIAL[4]))}
  %a3 = {_fma(_alike(_POLYNOMIAL[7]), "%s", _alike(_POLYNOMIAL[6]))}
  %a4 = {_fma(_alike(_POLYNOMIAL[9]), "%s", _alike(_POLYNOMIAL[8]))}
  %b0 = {_fma("%a1", "%s2", "%a0")}
  %b1 = {_fma("%a3", "%s2", "%a2")}
  %d = {_fma("%b1", "%s4", "%b0")}
  %q = {_fma("%a4", "%s8", "%d")}"""
"""y = n*log(2) + r, and q with exp(r) = 1 + r + q*r^2. s is r and 2^-60, whose powers are not too small
for a double: that would be marked."""

_EXP = f"""
define internal {_DOUBLE} @backprop.exp({_DOUBLE} %x) alwaysinline {{
  %large = fcmp ogt {_DOUBLE} %x, {_alike(0x4086800000000000)}
  %most = select <{WIDTH} x i1> %large, {_DOUBLE} {_alike(0x4086800000000000)}, {_DOUBLE} %x
  %small = fcmp olt {_DOUBLE} %most, {_alike(0xC087700000000000)}
  %y = select <{WIDTH} x i1> %small, {_DOUBLE} {_alike(0xC087700000000000)}, {_DOUBLE} %most{_REST}
  %above = {_fma("%q", "%s2", "%r")}
  %e = fadd {_DOUBLE} %above, {_ONE}
  %out = {_scaled("%e", "%n")}
  ret {_DOUBLE} %out
}}"""

_TANH = f"""
define internal {_DOUBLE} @backprop.tanh({_DOUBLE} %x) alwaysinline {{
  %size = call {_DOUBLE} @llvm.fabs.v{WIDTH}f64({_DOUBLE} %x)
  %twice = fadd {_DOUBLE} %size, %size
  %large = fcmp ogt {_DOUBLE} %twice, {_alike(0x4044000000000000)}
  %y = select <{WIDTH} x i1> %large, {_DOUBLE} {_alike(0x4044000000000000)}, {_DOUBLE} %twice{_REST}
  %more = {_fma("%q", "%r", _ONE)}
  %above = fmul {_DOUBLE} %r, %more
  %power = {_scaled(_ONE, "%n")}
  %less = fsub {_DOUBLE} %power, {_ONE}
  %e = {_fma("%power", "%above", "%less")}
  %under = fadd {_DOUBLE} %e, {_TWO}
  %ratio = fdiv {_DOUBLE} %e, %under
  %out = call {_DOUBLE} @llvm.copysign.v{WIDTH}f64({_DOUBLE} %ratio, {_DOUBLE} %x)
  ret {_DOUBLE} %out
}}"""

_COSH = f"""
define internal {_DOUBLE} @backprop.cosh({_DOUBLE} %x) alwaysinline {{
  %size = call {_DOUBLE} @llvm.fabs.v{WIDTH}f64({_DOUBLE} %x)
  %large = fcmp ogt {_DOUBLE} %size, {_alike(0x4086380000000000)}
  %y = select <{WIDTH} x i1> %large, {_DOUBLE} {_alike(0x4086380000000000)}, {_DOUBLE} %size{_REST}
  %above = {_fma("%q", "%s2", "%r")}
  %e = fadd {_DOUBLE} %above, {_ONE}
  %less = fsub {_DOUBLE} %n, {_ONE}
  %half = {_scaled("%e", "%less")}
  %seen = fcmp olt {_DOUBLE} %half, {_alike(0x43B0000000000000)}
  %by = select <{WIDTH} x i1> %seen, {_DOUBLE} %half, {_DOUBLE} {_alike(0x43B0000000000000)}
  %other = fdiv {_DOUBLE} {_alike(0x3FD0000000000000)}, %by
  %out = fadd {_DOUBLE} %half, %other
  ret {_DOUBLE} %out
}}"""
"""exp(|x|)/2 and a quarter of its inverse, which is not seen from 2^60 on: then that of 2^60, which is not
too small for a double."""

_TEXTS = {"backprop.exp": _EXP, "backprop.tanh": _TANH, "backprop.cosh": _COSH}

SYMBOLS: Mapping[str, str] = MappingProxyType({each.split(".")[1]: each for each in _TEXTS})
"""What the functions are called here."""


_CALLED = (
    f"declare {_DOUBLE} @llvm.x86.avx512.mask.scalef.pd.512({', '.join([_DOUBLE] * 3)}, i8, i32)",
    f"declare {_DOUBLE} @llvm.fma.v{WIDTH}f64({', '.join([_DOUBLE] * 3)})",
    f"declare {_DOUBLE} @llvm.fabs.v{WIDTH}f64({_DOUBLE}) #0",
    f"declare {_DOUBLE} @llvm.copysign.v{WIDTH}f64({_DOUBLE}, {_DOUBLE}) #0",
)


def defined(declared: set[str]) -> list[str]:
    """What declares functions or, of those above, defines them. declared: lines of declarations."""
    found = sorted(declared)
    for symbol, text in _TEXTS.items():
        found = [text if f"@{symbol}(" in line else line for line in found]
    if any(text in found for text in _TEXTS.values()):
        found += [line for line in _CALLED if line not in found]
    return found
