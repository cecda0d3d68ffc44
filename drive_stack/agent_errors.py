"""Errors of agents: an exception with the agent's own traceback, and error texts of limited size."""

from __future__ import annotations

from drive_stack.errors import ConfigError
from drive_stack.escaping import visible

MAX_TEXT_BYTES = 4096  # of an error text in a result
_ELLIPSIS = "\n… ({} bytes left out) …\n"


class AgentError(ConfigError):
    """An agent cannot be built, or failed while it drove; the message is one line.

    Args:
        message: description of the problem; line breaks become spaces.
        details: traceback of the agent's own code, where there is one.
    """

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(one_line(message))
        self.details = None if details is None else bounded_text(details)

    def __reduce__(self) -> tuple[type[AgentError], tuple[str, str | None]]:
        return AgentError, (str(self), self.details)


def bounded_text(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """Limit ``text`` to ``limit`` bytes of valid UTF-8 without control characters.

    A lone surrogate or a control character becomes its escape sequence. The middle of a long text is replaced
    by an ellipsis: the last line of a traceback, which names the error, stays.
    """
    if 4 * len(text) <= limit and text.isprintable():  # nearly every text
        return text
    if len(text) > 2 * limit:  # do not process all of a text of unlimited size
        text, left_out = text[:limit] + text[-limit:], len(text) - 2 * limit
    else:
        left_out = 0
    data = "".join(char if char in "\n\t" else visible(char) for char in text).encode()
    if len(data) <= limit and not left_out:
        return data.decode()
    retained = limit - 64  # reserves the size of the ellipsis
    head, tail = data[: retained // 4], data[-(retained - retained // 4) :]
    left_out += len(data) - len(head) - len(tail)
    return head.decode(errors="ignore") + _ELLIPSIS.format(left_out) + tail.decode(errors="ignore")


def one_line(text: str, limit: int = 400) -> str:
    """`bounded_text` with line breaks replaced by spaces."""
    return " ".join(bounded_text(text, limit).split())


def describe(error: BaseException) -> str:
    """Class and message of an exception in one line, as in the last line of a traceback."""
    try:
        message = one_line(str(error))
    except Exception:  # __str__ of a third-party exception may fail
        message = ""
    name = type(error).__name__
    return f"{name}: {message}" if message else name
