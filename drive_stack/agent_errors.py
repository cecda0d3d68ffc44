"""Faults of agents: an exception that carries the agent's own traceback, and texts of a bounded size."""

from __future__ import annotations

from drive_stack.errors import ConfigError
from drive_stack.escaping import visible

MAX_TEXT = 4096  # of an error in a row [bytes]
_ELLIPSIS = "\n… ({} bytes left out) …\n"


class AgentError(ConfigError):
    """An agent cannot be built, or failed while it drove; the message is one line.

    ``details`` is the traceback of the agent's own code, where there is one.
    """

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(one_line(message))
        self.details = None if details is None else bounded_text(details)

    def __reduce__(self) -> tuple[type[AgentError], tuple[str, str | None]]:
        return AgentError, (str(self), self.details)


def bounded_text(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` as valid UTF-8 of at most ``limit`` bytes, without control characters.

    A lone surrogate or a control character becomes its escape. Of a text that is too long the beginning and
    the end stay, since the last line of a traceback says what happened.
    """
    if 4 * len(text) <= limit and text.isprintable():  # as nearly all are
        return text
    if len(text) > 2 * limit:  # never handle all of a text of any size
        text, left_out = text[:limit] + text[-limit:], len(text) - 2 * limit
    else:
        left_out = 0
    data = "".join(one if one in "\n\t" else visible(one) for one in text).encode()
    if len(data) <= limit and not left_out:
        return data.decode()
    kept = limit - 64  # the line that says so
    head, tail = data[: kept // 4], data[-(kept - kept // 4) :]
    left_out += len(data) - len(head) - len(tail)
    return head.decode(errors="ignore") + _ELLIPSIS.format(left_out) + tail.decode(errors="ignore")


def one_line(text: str, limit: int = 400) -> str:
    """`bounded_text`, with every line break a space."""
    return " ".join(bounded_text(text, limit).split())


def describe(error: BaseException) -> str:
    """Class and message of an exception in one line, as the last line of a traceback has them."""
    try:
        message = one_line(str(error))
    except Exception:  # the exception may be anyone's class
        message = ""
    name = type(error).__name__
    return f"{name}: {message}" if message else name
