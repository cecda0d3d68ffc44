"""Reads YAML and JSON files, validates them with pydantic and reports errors in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from drive_stack.errors import ConfigError, FieldError, Keys
from drive_stack.escaping import shortened
from drive_stack.support.file_reading import read_json, read_text
from drive_stack.support.yaml_reading import MAX_BYTES, MAX_DEPTH, Document, YamlError, read_yaml

Model = TypeVar("Model", bound=BaseModel)
Shape = TypeVar("Shape")
_MAX_PATH = 400  # characters of a path in a message


class StrictModel(BaseModel):
    """A frozen model that rejects unknown keys and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def unknown_name(what: str, name: str, options: Iterable[str]) -> ConfigError:
    """The error for a name that is not among ``options``; the message suggests similar names."""
    known = sorted(options)
    near = difflib.get_close_matches(name[:200], known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
    return ConfigError(f"unknown {what} '{shortened(name)}': {hint}")


def read_error(path: Path, error: OSError | ValueError) -> ConfigError:
    """The error for a file that cannot be read."""
    reason = error.strerror or error if isinstance(error, OSError) else error
    return ConfigError(f"{shortened(str(path), _MAX_PATH)}: cannot be read: {reason}")


def first_problem(error: ValidationError) -> str:
    """The first problem that a model found in external data: its location, and what is allowed there."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = shortened(".".join(map(str, first["loc"])))
    problem = shortened(first["msg"].removeprefix("Value error, "), _MAX_PATH)
    return f"{place}: {problem}" if place else problem


def load_json(path: Path, shape: TypeAdapter[Shape]) -> Shape:
    """Read a JSON file that the program wrote.

    Raises:
        ConfigError: the file cannot be read, or a value is not allowed.
    """
    try:
        return shape.validate_python(read_json(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None


def load_model(
    path: Path, model: type[Model], overrides: Sequence[str] = (), *, bases: Path | None = None
) -> Model:
    """Read a YAML file as ``model`` after applying ``key.sub=value`` overrides.

    With a folder of ``bases`` the file may have the key ``extends``, which names one of them: its values hold
    where the file has none of its own.

    Raises:
        ConfigError: a value is not allowed. The message names the file and line, or the override, and what is
            allowed there.
    """
    node, data = _read_mapping(path)
    sources = [_Source(path, node)]
    if bases is not None:
        _check_spelling(path, node, data.keys() - model.model_fields.keys())
    if bases is not None and "extends" in data:
        base = _base_path(bases, data.pop("extends"), path, node)
        base_node, base_data = _read_mapping(base)
        sources.append(_Source(base, base_node))
        data = _merged(base_data, data)
    for override in overrides:
        apply_override(data, override)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_validation_message(sources, data, model, error, overrides)) from None


class _Source(NamedTuple):
    """A file that values come from, and the node with the places of its keys."""

    path: Path
    node: yaml.Node | None

    def location(self, keys: Sequence[str]) -> str:
        return f"{self.path}:{_line_of(self.node, keys)}"


def _read_mapping(path: Path) -> tuple[yaml.Node | None, dict[str, object]]:
    document = read_document(path)
    data = {} if document.value is None else document.value
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:1: expected keys and values, found {type(data).__name__}")
    return document.node, data


def _check_spelling(path: Path, node: yaml.Node | None, unknown: Iterable[str]) -> None:
    """Refuse a misspelt ``extends``: it is no field of the model, so no other message would suggest it."""
    for key in difflib.get_close_matches("extends", set(unknown) - {"extends"}, n=1, cutoff=0.8):
        place = f"{path}:{_line_of(node, [key])}"
        raise ConfigError(f"{place}: unknown key '{shortened(key)}': did you mean extends?")


def _base_path(bases: Path, name: object, path: Path, node: yaml.Node | None) -> Path:
    """The file that a file at ``path`` extends."""
    known = {base.stem: base for base in sorted(bases.glob("*.yaml"))}
    if not isinstance(name, str) or name not in known:
        problem = unknown_name("base", str(name), known)
        raise ConfigError(f"{path}:{_line_of(node, ['extends'])}: extends: {problem}")
    return known[name]


def _merged(base: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Own values, and those of ``base`` where there are none; mappings are merged key by key."""
    merged = {**base, **own}
    for key in base.keys() & own.keys():
        below, above = base[key], own[key]
        if isinstance(below, dict) and isinstance(above, dict):
            merged[key] = _merged(below, above)
    return merged


def read_document(path: Path) -> Document:
    """Read the plain values of a YAML file.

    Raises:
        ConfigError: the file cannot be read, is not valid YAML, or exceeds a limit of size or depth.
    """
    try:
        return read_yaml(read_text(path, MAX_BYTES))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except YamlError as error:
        raise ConfigError(f"{path}:{error.line}: {error}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None


def apply_override(data: dict[str, object], override: str) -> None:
    """Set ``a.b.c=value`` in nested ``data``. The value is read as YAML; a number in the key indexes a list.

    Raises:
        ConfigError: the override is malformed or addresses nothing.
    """
    key, equals, raw = override.partition("=")
    source = f"--set {shortened(override)}"
    if not equals or not key.strip():
        raise ConfigError(f"{source}: expected key=value, such as perception.detector=oracle")
    *parents, last = key.strip().split(".")
    if len(parents) >= MAX_DEPTH:
        raise ConfigError(f"{source}: goes deeper than the {MAX_DEPTH} levels allowed")
    target: dict[str, object] | list[object] = data
    for parent in parents:
        inner = _child(target, parent, source)
        if not isinstance(inner, dict | list):
            raise ConfigError(f"{source}: '{shortened(parent)}' holds a value, not further keys")
        target = inner
    try:
        value = read_yaml(raw).value
    except YamlError as error:
        problem = str(error)
        if problem.startswith("not valid YAML"):
            problem = f"'{shortened(raw)}' is not a valid value"
        raise ConfigError(f"{source}: {problem}") from None
    if isinstance(target, list):
        target[_list_index(target, last, source)] = value
    else:
        target[last] = value


def _child(target: dict[str, object] | list[object], key: str, source: str) -> object:
    if isinstance(target, list):
        return target[_list_index(target, key, source)]
    return target.setdefault(key, {})


def _list_index(target: list[object], key: str, source: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 10) or int(key) >= len(target):
        raise ConfigError(
            f"{source}: '{shortened(key)}' is no place in a list of {len(target)}, counted from 0"
        )
    return int(key)


def _validation_message(
    sources: Sequence[_Source],
    data: object,
    model: type[BaseModel],
    error: ValidationError,
    overrides: Sequence[str],
) -> str:
    """The first problem with its location and what is allowed there, and the number of further problems."""
    # a misspelt key also causes a missing key: report the spelling first, then wrong values
    order = {"extra_forbidden": 0, "missing": 2}
    first = min(error.errors(), key=lambda problem: order.get(problem["type"], 1))
    locations = [_without_tags(model, data, keys) for keys in _locations(first)]
    changed = [name.partition("=")[0].strip() for name in overrides]
    keys = locations[0]
    override = next(filter(None, (_override_of(each, changed) for each in locations)), None)
    if override is not None:
        location = f"--set {shortened(override)}"
    else:
        source = next((source for source in sources if _contains(source.node, keys)), sources[0])
        location = source.location(keys)
    dotted = shortened(".".join(keys))
    if first["type"] == "extra_forbidden":
        problem = str(unknown_name("key", keys[-1], _fields_at(model, keys[:-1])))
    else:
        text = first["msg"].removeprefix("Value error, ")
        problem = f"{dotted}: {text}" if dotted else text
        if not isinstance(first["input"], Mapping):
            problem += f" (found {shortened(repr(first['input']))})"
    more = len(error.errors()) - 1
    return f"{location}: {problem}" + (f" (and {more} more)" if more else "")


def _locations(problem: ErrorDetails) -> list[list[str]]:
    """Key paths, from the root of the document, of all values that a problem concerns."""
    cause = problem.get("ctx", {}).get("error")
    inner: tuple[Keys, ...] = cause.locations if isinstance(cause, FieldError) and cause.locations else ((),)
    return [[str(part) for part in (*problem["loc"], *keys)] for keys in inner]


def _without_tags(model: type[BaseModel], data: object, keys: Sequence[str]) -> list[str]:
    """``keys`` as they stand in the document; pydantic also names the member of a union that it tried."""
    written: list[str] = []
    for key in keys:
        if isinstance(data, Mapping) and (key in data or key in _fields_at(model, written)):
            data = data.get(key)
        elif isinstance(data, Sequence) and not isinstance(data, str) and key.isdecimal():
            data = data[int(key)] if int(key) < len(data) else None
        else:
            continue
        written.append(key)
    return written


def _override_of(keys: Sequence[str], changed: Sequence[str]) -> str | None:
    """The last overridden key that contains the value at ``keys``."""
    dotted = ".".join(keys)
    return next((name for name in reversed(changed) if f"{dotted}.".startswith(f"{name}.")), None)


def _contains(node: yaml.Node | None, keys: Sequence[str]) -> bool:
    """Whether a document has a value at ``keys``."""
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            node = next((value for name, value in node.value if name.value == key), None)
        elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
        else:
            return False
    return node is not None


def _line_of(node: yaml.Node | None, keys: Sequence[str]) -> int:
    """Line number, from 1, of the deepest of ``keys`` that the document contains."""
    line = 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            matches = [(k, v) for k, v in node.value if k.value == key]
            if not matches:
                continue  # a tag of a union, or a missing key
            line, node = matches[0][0].start_mark.line + 1, matches[0][1]
        elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
            line = node.start_mark.line + 1
    return line


def _fields_at(model: type[BaseModel], keys: Sequence[str]) -> list[str]:
    """Field names allowed at ``keys``, over all models that are possible there."""
    models = [model]
    for key in keys:
        inner: list[type[BaseModel]] = []
        for candidate in models:
            if key in candidate.model_fields:
                inner += _models_in(candidate.model_fields[key].annotation)
        models = inner or models
    return sorted({name for candidate in models for name in candidate.model_fields})


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Every pydantic model named in a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is None:
        return []
    return [model for part in get_args(annotation) for model in _models_in(part)]
