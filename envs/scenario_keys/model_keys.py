"""Walks the model of a scenario and lists the keys that hold a number to draw, or weights of names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, get_args, get_origin

from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from drive_stack.config import StrictModel
from drive_stack.scenario_keys import ScenarioKey

from ..scenarios.quantity import WHOLE, Quantity, Within
from ..scenarios.scenario import load_scenario


def scenario_keys(name_or_path: str) -> tuple[ScenarioKey, ...]:
    """Return the keys of a scenario that can be varied, in the order of its model.

    Keys that the file leaves at their defaults are among them; optional keys that it leaves out are too, and
    draw nothing (``drawn`` is empty).

    Raises:
        ConfigError: The scenario cannot be loaded.
    """
    return tuple(_keys(load_scenario(name_or_path), ""))


def _keys(value: object, prefix: str) -> Iterator[ScenarioKey]:
    if isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _keys(entry, f"{prefix}{index}.")
    elif isinstance(value, StrictModel):
        for name, field in type(value).model_fields.items():
            yield from _field_keys(f"{prefix}{name}", field, getattr(value, name))


def _field_keys(key: str, field: FieldInfo, value: object) -> Iterator[ScenarioKey]:
    if _holds_quantity(field.annotation):
        yield _number(key, field, value if isinstance(value, Quantity) else None)
    elif names := _weighted_names(field.annotation):
        weights = value if isinstance(value, dict) else {}
        drawn = tuple(str(name) for name, weight in weights.items() if weight > 0.0)
        yield ScenarioKey(key, names=names, drawn=drawn)
    else:
        yield from _keys(value, f"{key}.")


def _number(key: str, field: FieldInfo, quantity: Quantity | None) -> ScenarioKey:
    metadata = [*field.metadata, *_annotations(field.annotation)]
    within = [item.func for item in metadata if isinstance(item, AfterValidator)]
    bounds = next((check for check in within if isinstance(check, Within)), None)
    ranged = quantity is not None and not quantity.choices
    drawn: tuple[float, ...] = ()
    if quantity is not None:
        drawn = quantity.choices or quantity.bounds
    return ScenarioKey(
        key,
        low=float("-inf") if bounds is None else bounds.low,
        high=float("inf") if bounds is None else bounds.high,
        whole=WHOLE in metadata,
        drawn=drawn,
        ranged=ranged,
    )


def _holds_quantity(annotation: object) -> bool:
    """Whether a field is a quantity, an annotated or an optional one."""
    if annotation is Quantity:
        return True
    return get_origin(annotation) is not tuple and any(map(_holds_quantity, _members(annotation)))


def _annotations(annotation: object) -> list[object]:
    """The metadata of an annotation, and of the members of a union."""
    own = list(get_args(annotation)[1:]) if get_origin(annotation) is Annotated else []
    return own + [item for member in _members(annotation) for item in _annotations(member)]


def _weighted_names(annotation: object) -> tuple[str, ...]:
    """The names of a mapping from an enumeration to weights; empty for any other field."""
    if get_origin(annotation) is dict:
        names = get_args(annotation)[0]
        if isinstance(names, type) and issubclass(names, Enum):
            return tuple(str(name.value) for name in names)
        return ()
    found = [names for member in _members(annotation) if (names := _weighted_names(member))]
    return found[0] if found else ()


def _members(annotation: object) -> Sequence[object]:
    """The types that a union or an annotated type is made of; none of a plain type or a container."""
    if get_origin(annotation) in (None, tuple, dict):
        return ()
    if get_origin(annotation) is Annotated:
        return get_args(annotation)[:1]
    return get_args(annotation)
