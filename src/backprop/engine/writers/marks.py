"""The processor's marks of what was too small or too large, in text for LLVM."""

import platform


def marks() -> str:
    """Functions that clear and read some of the processor's marks (`engine.underflow`). A volatile
    load keeps LLVM from taking the answer of one call for that of the next."""
    if platform.machine() in ("x86_64", "AMD64"):  # without the older floating-point unit's
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
