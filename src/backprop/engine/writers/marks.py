"""The processor's marks of what was too small or too large, in text for LLVM."""

import platform

_X86 = "x86_64", "AMD64"


def flushing() -> tuple[str, str]:
    """Instructions before and after a call: while `%flush` is 1, numbers that are too small for a double
    become 0 where they are made, with the mark of underflow (Intel 64 manual, volume 1, 10.2.3.3); what
    the processor's state was before, it is afterwards. None where that is not known."""
    if platform.machine() not in _X86:
        return "", ""
    before = """
  %state = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %state)
  %was = load volatile i32, ptr %state, align 4
  %bit = shl i32 %flush, 15
  %now = or i32 %was, %bit
  store volatile i32 %now, ptr %state, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %state)"""
    after = """
  store volatile i32 %was, ptr %state, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %state)"""
    return before, after


def marks() -> str:
    """Functions that clear and read some of the processor's marks (`engine.underflow`). A volatile
    load keeps LLVM from taking the answer of one call for that of the next."""
    if platform.machine() in _X86:  # without the older floating-point unit's
        return """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define internal fastcc void @clear_marks(i32 %bits) noinline {
  %state = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %state)
  %was = load volatile i32, ptr %state, align 4
  %others = xor i32 %bits, -1
  %now = and i32 %was, %others
  store i32 %now, ptr %state, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %state)
  ret void
}
define internal fastcc i1 @marked(i32 %bits) noinline {
  %state = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %state)
  %was = load volatile i32, ptr %state, align 4
  %found = and i32 %was, %bits
  %answer = icmp ne i32 %found, 0
  ret i1 %answer
}"""
    return """
declare i32 @feclearexcept(i32)
declare i32 @fetestexcept(i32)
define internal fastcc void @clear_marks(i32 %bits) noinline {
  %done = call i32 @feclearexcept(i32 %bits)
  ret void
}
define internal fastcc i1 @marked(i32 %bits) noinline {
  %found = call i32 @fetestexcept(i32 %bits)
  %answer = icmp ne i32 %found, 0
  ret i1 %answer
}"""
