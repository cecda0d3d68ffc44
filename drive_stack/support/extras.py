"""Libraries that only some tasks need: the extras of ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from drive_stack.errors import ConfigError
from drive_stack.support.layout import IS_INSTALLED

_OWN = ("drive_stack", "envs", "agents")


def require(libraries: Sequence[str], extra: str, purpose: str) -> None:
    """Check that libraries of an extra are installed, without importing them.

    Args:
        libraries: names of their modules.
        extra: name of the extra that installs them.
        purpose: what needs them: a command, an option or a file.

    Raises:
        ConfigError: one is not installed; the message names the extra.
    """
    for library in libraries:
        if find_spec(library) is None:
            raise _missing(library, extra, purpose)


@contextmanager
def needs_extra(extra: str, purpose: str) -> Iterator[None]:
    """Import libraries of an extra within this context; raises as `require` does."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in _OWN:
            raise
        raise _missing(library, extra, purpose) from None


def _missing(library: str, extra: str, purpose: str) -> ConfigError:
    target = f'"drive-stack[{extra}]"' if IS_INSTALLED else f'-e ".[{extra}]"'
    return ConfigError(
        f"{purpose}: needs {library}, which is not installed; install it with: pip install {target}"
    )
