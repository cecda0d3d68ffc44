"""OpenSCENARIO XML documents: bounded reading, and attributes with parameters and expressions."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.file_reading import read_text

MAX_BYTES = 5_000_000
MAX_EXPRESSION = 200  # characters
MAX_NESTING = 4  # parameters whose values name parameters
ROOT = "OpenSCENARIO"

Element = ElementTree.Element

_PARAMETER = re.compile(r"\$(\w+)")
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Document:
    """A file with its parameters.

    Raises:
        ConfigError: If the file cannot be read, is larger than `MAX_BYTES`, has a document type definition,
            or is not OpenSCENARIO XML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = read_text(path, MAX_BYTES)
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (OSError, ValueError) as error:
            raise read_error(path, error) from None
        if "<!DOCTYPE" in text:  # its entities could expand to any size
            raise ConfigError(f"{path}: has a document type definition, which is not allowed")
        try:
            self.root = ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError) as error:
            raise ConfigError(f"{path}: not valid XML: {error}") from None
        if self.root.tag != ROOT:
            raise ConfigError(f"{path}: not OpenSCENARIO XML: its root is {shortened(self.root.tag)}")
        self._parameters = {
            element.get("name", ""): element.get("value", "")
            for element in self.root.iter("ParameterDeclaration")
        }

    def text(self, element: Element, name: str) -> str:
        """An attribute with its parameters replaced; empty if it is missing."""
        return self._replaced(element.get(name, ""))

    def number(self, element: Element, name: str, default: float | None = None) -> float:
        """An attribute as a number.

        Raises:
            ConfigError: If it is missing without a default, or is neither a finite number nor an expression
                of numbers with ``+ - * /``.
        """
        raw = element.get(name)
        if raw is None and default is not None:
            return default
        value = self._replaced(raw or "").replace("${", "(").replace("}", ")")
        try:
            number = _evaluate(value)
        except (ValueError, SyntaxError, ZeroDivisionError, OverflowError, RecursionError):
            number = math.nan
        if not math.isfinite(number):
            raise ConfigError(
                f"{self.path}: {element.tag}.{name}: '{shortened(raw or '')}' is not a finite number"
            )
        return number

    def _replaced(self, value: str) -> str:
        """Replace parameters, whose values may name further ones."""
        for _ in range(MAX_NESTING):
            if "$" not in value or len(value) > MAX_EXPRESSION:
                break
            value = _PARAMETER.sub(lambda match: self._parameters.get(match[1], match[0]), value)
        return value


def child(element: Element | None, *tags: str) -> Element | None:
    """The first descendant along a path of tags; None if there is none."""
    for tag in tags:
        element = None if element is None else element.find(tag)
    return element


def descendants(element: Element, *tags: str) -> Iterator[Element]:
    """All descendants with one of the tags, in the order of the document."""
    return (inner for inner in element.iter() if inner.tag in tags)


def _evaluate(text: str) -> float:
    """The value of an expression of numbers. Raises `ValueError` or `SyntaxError` for anything else."""
    if len(text) > MAX_EXPRESSION:
        raise ValueError("too long")
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS:
            return _OPERATORS[type(kind)](_value(left), _value(right))
        case _:
            raise ValueError("not a number")
