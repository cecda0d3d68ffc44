"""The decorator of kernels: functions that numba compiles, and whose machine code is kept on disk.

numba's own cache knows only the file of a kernel: after a change of a function or constant in another file, a
kernel that uses it would be loaded with the old code.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.types import Type

_LIBRARIES = {"math", "numba", "numpy"}  # numba compiles their functions itself
# described by their repr
_SHOWN = (
    *(bool, int, float, str, bytes, type(None), type),
    *(np.generic, np.dtype, np.ufunc, Type, BuiltinFunctionType),
)


def kernel(*, cached: bool = True, **options: object) -> Callable[[Callable[..., object]], Any]:
    """Return a decorator that compiles a function by `numba.njit` with ``options``, at its first call.

    ``cached``: keep the machine code, in a folder that is named by the function's `fingerprint`, below
    ``NUMBA_CACHE_DIR`` or else in the ``__pycache__`` next to the function's file.

    Raises:
        NameError: the function uses a global that is defined after it and is no function.
        TypeError: the function uses a global whose value a fingerprint cannot contain.
    """

    def compiled(function: Callable[..., object]) -> Any:  # numba has no types
        if not cached:
            return numba.njit(**options)(function)
        before = numba.config.CACHE_DIR
        base = Path(before) if before else Path(inspect.getfile(function)).parent / "__pycache__"
        numba.config.CACHE_DIR = str(base / fingerprint(function)[:16])  # read when the decorator is applied
        try:
            return numba.njit(cache=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return compiled


@cache
def fingerprint(function: Callable[..., object]) -> str:
    """Hexadecimal SHA-256 of what a kernel is compiled from.

    That is the function's file, the values of the globals that it uses, and the fingerprints of the functions
    that it calls.

    Raises:
        NameError: see `kernel`.
        TypeError: see `kernel`.
    """
    digest = hashlib.sha256(_file_digest(inspect.getfile(function)))
    for name, value in sorted(_globals_used(function).items()):
        digest.update(f"\n{name}=".encode() + _described(name, value))
    return digest.hexdigest()


def _globals_used(function: Callable[..., object]) -> dict[str, object]:
    """Values of the globals of a function, and of those that it calls further down in its file.

    Builtins are left out, and the file's later functions too: the file itself is part of the fingerprint.
    """
    assert isinstance(function, FunctionType)
    known, used = function.__globals__, dict[str, object]()
    codes, seen = [function.__code__], {function.__name__}
    while codes:
        for name in _global_names(codes.pop()) - seen:
            seen.add(name)
            if name in known:
                used[name] = known[name]
            elif not hasattr(builtins, name):
                later = _functions_of(inspect.getfile(function))
                if name not in later:
                    message = f"the kernel {function.__qualname__} uses {name}, which is defined after it"
                    raise NameError(message, name=name)
                codes.append(later[name])
    return used


def _global_names(code: CodeType) -> set[str]:
    """Names of the globals that a function and the functions within it load."""
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    within = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return names.union(*map(_global_names, within))


@cache
def _functions_of(path: str) -> dict[str, CodeType]:
    """Code of the functions at the top level of a file, by name."""
    constants = compile(Path(path).read_bytes(), path, "exec").co_consts
    return {constant.co_name: constant for constant in constants if isinstance(constant, CodeType)}


def _described(name: str, value: object) -> bytes:
    """Bytes that differ if the value of a global differs."""
    if isinstance(value, tuple):
        return b"(" + b",".join(_described(name, item) for item in value) + b")"
    if isinstance(value, np.ndarray):
        return repr((value.dtype, value.shape)).encode() + value.tobytes()
    function = value.py_func if isinstance(value, Dispatcher) else value
    if isinstance(function, FunctionType):
        return fingerprint(function).encode()
    of_library = isinstance(value, ModuleType) and value.__name__.partition(".")[0] in _LIBRARIES
    if of_library or isinstance(value, _SHOWN):
        return (value.__name__ if isinstance(value, ModuleType) else repr(value)).encode()
    message = (
        f"{name} is a {type(value).__name__}; a kernel can use numbers, texts, tuples, arrays, functions"
    )
    raise TypeError(message)


@cache
def _file_digest(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()
