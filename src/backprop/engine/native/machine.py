"""This machine: text of LLVM's → functions that run. The only file that knows llvmlite.

What is compiled is kept as object code in the user's cache, under a name made of the sources of the
text, LLVM's version and the processor; loading it takes 2 ms where compiling takes 30 and more.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from math import nan
from threading import Lock, get_ident
from types import MappingProxyType
from typing import Any

from backprop import cache as kept
from backprop.engine.writers import vector_functions
from backprop.engine.writers.llvm import CALL_BACK
from backprop.errors import NoMachineCode
from backprop.operations import OPERATIONS
from backprop.syntax import functions
from backprop.syntax.grammar import text as grammar

_LEVEL = 2
"""How hard LLVM tries: at 3 nothing was faster."""


@cache
def llvm() -> Any:
    """llvmlite's binding, ready for this processor. Raises NoMachineCode."""
    try:
        import llvmlite.binding as binding  # 60 ms

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
    except Exception as error:  # a broken library has many ways to say so
        message = f"machine code cannot be made here: {error}"
        raise NoMachineCode(message, hints=["use --engine python"]) from error
    for name, function in callbacks().items():
        binding.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    return binding


@cache
def callbacks() -> Mapping[str, Any]:
    """The functions of the table that machine code calls back for, as C functions."""
    found = {}
    for row in OPERATIONS.values():
        if not row.machine and callable(row.value):
            kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * row.arity)
            found[CALL_BACK + row.name] = kind(_guarded(functions.value(row.name)))
    return MappingProxyType(found)


_raised: dict[int, BaseException] = {}
"""By thread, what a function of Python's raised while machine code called it, such as Ctrl-C."""


def _guarded(function: Callable[..., float]) -> Callable[..., float]:
    """`function`, with nan in place of what it raises, which `passed_on` raises later."""

    def call(*operands: float) -> float:
        try:
            return function(*operands)
        except BaseException as error:
            _raised.setdefault(get_ident(), error)
            return nan

    return call


def passed_on() -> None:
    """Raise what was raised inside machine code in this thread."""
    if first := _raised.pop(get_ident(), None):
        raise first


@cache
def processor() -> tuple[str, str, str]:
    """The triple, the processor's name and its features."""
    binding = llvm()
    features = binding.get_host_cpu_features()
    names = binding.get_process_triple(), binding.get_host_cpu_name()
    return (*names, features.flatten() if features else "")


@cache
def lanes(wide: bool = False) -> tuple[int, Mapping[str, str]]:
    """How many doubles are computed at once, and the functions that do so, with their symbols. wide: as
    many as the processor can.

    glibc's libmvec has them on x86-64 (its manual, "Vector math functions"; at most 4 ulp off);
    where there is none, vectors are taken apart and the scalar functions called. Of as many as there can
    be, some are of our own.
    """
    triple, _, features = processor()
    width, isa = (4, "d") if "+avx2" in features.split(",") else (2, "b")
    if wide and "+avx512f" in features.split(","):
        width, isa = 8, "e"
    own = vector_functions.WIDTHS.get(width) if wide else None
    found = {}
    with suppress(OSError):
        if triple.startswith("x86_64"):
            library = ctypes.CDLL("libmvec.so.1", mode=ctypes.RTLD_GLOBAL)
            llvm().load_library_permanently("libmvec.so.1")
            for row in OPERATIONS.values():
                symbol = f"_ZGV{isa}N{width}{'v' * row.arity}_{row.machine}"
                if row.machine.isidentifier() and hasattr(library, symbol):
                    found[row.machine] = symbol
    if own and f"+{own}" in features.split(","):
        found |= vector_functions.SYMBOLS
    return width, MappingProxyType(found)


_SOURCES = ("", "chain", "engine", "engine/native", "engine/writers", "descent", "syntax")
"""The folders of the package whose files make the text for LLVM."""


@cache
def sources(package: str = os.path.dirname(kept.__file__)) -> str:
    """What the text for LLVM depends on besides the graph: the files that make it, as the file
    system tells them apart, where they are, how long and when they were written."""
    found = [package]
    try:
        for folder in _SOURCES:
            with os.scandir(os.path.join(package, folder)) as files:
                for file in files:
                    if file.name.endswith(".py"):
                        known = file.stat()
                        found.append(f"{folder}/{file.name} {known.st_size} {known.st_mtime_ns}")
    except OSError:  # not in folders: nothing tells whether they changed, so nothing is kept
        return os.urandom(16).hex()
    return "\n".join(sorted(found)) + grammar()


_libraries: dict[str, Library] = {}
_MOST_LIBRARIES = 64
_making = Lock()
"""Held while a library is made: LLVM makes one at a time."""


def library(
    key: str, text: Callable[[], str], vectors: bool = False, wide: bool = False
) -> Library:
    """The library of a text, made once in a process. key: tells the text from others that the same
    sources make. text: makes it, if it must be compiled. vectors: whether LLVM is to compute several
    rounds of a loop at once, where it sees that this changes nothing. wide: whether all of it is written
    for vectors already: then LLVM looks for none, which takes a fifth of its time."""
    with _making:
        if key not in _libraries:
            if len(_libraries) >= _MOST_LIBRARIES:
                _libraries.pop(next(iter(_libraries)))  # who uses it still holds it
            _libraries[key] = Library(text, key, vectors, wide)
        return _libraries[key]


class Library:
    """Functions of one text, ready to be called. Keep it as long as they may be called."""

    def __init__(self, text: Callable[[], str], key: str, vectors: bool, wide: bool) -> None:
        import llvmlite

        self._functions: dict[str, Callable[..., Any]] = {}
        binding = llvm()
        triple, name, features = processor()
        made_by = [llvmlite.__version__, str(binding.llvm_version_info), triple, name, features]
        words = [*made_by, *sorted(lanes()[1]), sources(), key]
        kept_as = f"code-{kept.checksum(*(word.encode() + b'|' for word in words)).hex()}.o"
        self._machine = binding.Target.from_default_triple().create_target_machine(
            cpu=name, features=features, opt=_LEVEL, jit=True, codemodel="jitdefault"
        )
        self._engine = binding.create_mcjit_compiler(
            binding.parse_assembly(f'target triple = "{triple}"'), self._machine
        )
        code = kept.load(kept_as)
        if code is None:
            code = _compiled(text(), self._machine, vectors, wide)
            kept.store(kept_as, code)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        found: int = self._engine.get_function_address(name)
        return found

    def function(self, name: str, result: Any, *operands: Any) -> Any:
        """A function by its name, called without Python's lock; raises what is raised inside it. It keeps
        its library, whose code goes with it."""
        if name not in self._functions:
            compiled: Any = ctypes.CFUNCTYPE(result, *operands)(self.address(name))
            # `library` drops old ones, and a call of code that is gone would end the process
            compiled.library = self

            def call(*operands: int) -> Any:
                found = compiled(*operands)
                if _raised:
                    passed_on()
                return found

            self._functions[name] = call
        return self._functions[name]


def _compiled(text: str, target: Any, vectors: bool, wide: bool) -> bytes:
    """Object code of a module's text."""
    binding = llvm()
    module = binding.parse_assembly(text)
    module.triple = processor()[0]
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=_LEVEL)
    options.loop_vectorization = vectors  # most loops are written as vectors already
    options.loop_unrolling = False
    options.slp_vectorization = not wide
    builder = binding.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = target.emit_object(module)
    return code
