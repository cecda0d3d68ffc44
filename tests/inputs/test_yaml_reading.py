"""YAML and JSON are read within bounds: hostile documents are refused quickly and without a traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agents.config import ModularConfig
from drive_stack.config import StrictModel, load_model, read_document
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.suite import Suite
from drive_stack.support import yaml_reading
from drive_stack.support.file_reading import parse_json, read_json, read_regular, read_text
from drive_stack.support.yaml_reading import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_ITEMS,
    YamlError,
    read_yaml,
)

NESTED_ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
NESTED_MERGES = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{','.join([f'*{old}'] * 9)}]}}\n"
    for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
)

REFUSED = {
    "flow lists": ("[" * 500_000, "nested deeper"),
    "flow mappings": ("a: {" * 200_000, "nested deeper"),
    "block mappings": ("\n".join(" " * depth + "a:" for depth in range(1400)), "nested deeper"),
    "dashes": ("- " * 400_000, "nested deeper"),
    "complex keys": ("? " * 400_000, "nested deeper"),
    "aliases of aliases": (NESTED_ALIASES, "each alias counted in full"),
    "merges of merges": (NESTED_MERGES, "each alias counted in full"),
    "an alias within itself": ("a: &a [*a]", "stands within what it stands for"),
    "an alias of nothing": ("a: *b", "undefined alias"),
    "many keys": ("".join(f"a{number}: 1\n" for number in range(90_000)), "1,000 items"),
    "a long list": (f"a: [{'[],' * 330_000}]", "1,000 items"),
    "a long text": (f"a: {'x' * 900_000}", "10,000 characters"),
    "many documents": ("---\n" * 240_000, "50,000 values"),
    "too large": ("a: 1\n" * 2_000_000, "1 MB"),
    "5,000 digits": ("a: " + "9" * 5000, "5,000 digits"),
    "a number beyond 64 bits": ("a: 0x8000000000000000", "out of the range"),
    "infinity": ("a: -.inf", "finite"),
    "not a number": ("a: .nan", "finite"),
    "a power beyond floats": ("a: 1.0e+999", "finite"),
    "a wrong tag": ("a: !!int abc", "no valid int"),
    "an empty float": ("a: !!float ''", "no valid float"),
    "a wrong boolean": ("a: !!bool maybe", "no valid bool"),
    "no such day": ("a: 2001-99-99", "timestamp is not allowed"),
    "no time at all": ("a: !!timestamp now", "timestamp is not allowed"),
    "bytes": ("a: !!binary é", "binary is not allowed"),
    "a set": ("a: !!set {x}", "set is not allowed"),
    "Python": ("a: !!python/object/apply:os.system [ls]", "not allowed"),
    "a NUL": ('a: "\\0"', r"U\+0000"),
    "an escape": ('a: "\\e[2J"', r"U\+001B"),
    "a NUL in a key": ('"\\0": a', r"U\+0000"),
    "a raw NUL": ("a: \0", "not valid YAML"),
    "a surrogate": ('a: "\\ud800"', "not valid YAML|U\\+D800"),
    "a boolean key": ("no: 1", "'no' is read as bool"),
    "a key that is a list": ("? [a]\n: 1", "a key is a list or mapping"),
}


@pytest.mark.parametrize("loader", ["libyaml", "Python"])
@pytest.mark.parametrize("name", REFUSED)
def test_hostile_documents_are_refused_at_once(
    name: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loader == "Python":
        monkeypatch.setattr(yaml_reading, "_LOADER", yaml_reading.yaml.SafeLoader)
    text, message = REFUSED[name]
    start = time.process_time()
    with pytest.raises(YamlError, match=message) as caught:
        read_yaml(text)
    assert time.process_time() - start < (2.0 if loader == "libyaml" else 20.0)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_the_documented_bounds_hold() -> None:
    read_yaml(nested(MAX_DEPTH))
    read_yaml(f"[&a {nested(MAX_DEPTH - 2)}, [*a]]")
    with pytest.raises(YamlError, match="nested"):
        read_yaml(nested(MAX_DEPTH + 1))
    with pytest.raises(YamlError, match="nested"):  # by the depth of the aliased value
        read_yaml(f"[&a {nested(MAX_DEPTH - 1)}, [*a]]")
    assert read_yaml("- x\n" * MAX_ITEMS).value == ["x"] * MAX_ITEMS
    with pytest.raises(YamlError, match="items"):
        read_yaml("- x\n" * (MAX_ITEMS + 1))
    assert read_yaml("".join(f"a{number}: 1\n" for number in range(MAX_ITEMS))).value is not None
    assert read_yaml(f"[{MAX_INTEGER}, -{MAX_INTEGER}]").value == [MAX_INTEGER, -MAX_INTEGER]
    assert read_yaml("# " + "x" * (MAX_BYTES - 2)).value is None
    with pytest.raises(YamlError, match="1 MB"):
        read_yaml("# " + "x" * (MAX_BYTES - 1))


def test_aliases_are_copies() -> None:
    value = read_yaml("a: &a {x: [1]}\nb: *a\nc: {<<: *a, y: 2}\n").value
    assert value == {"a": {"x": [1]}, "b": {"x": [1]}, "c": {"x": [1], "y": 2}}
    assert isinstance(value, dict)
    value["a"]["x"].append(2)
    assert value["b"] == {"x": [1]} and value["c"]["x"] == [1]


def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("name: a\nseeds: 1\ndescription: x\nname: b\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"suite\.yaml:4: key 'name' is there twice, on lines 1 and 4"):
        load_model(path, Suite)
    path.write_text("name: a\ncourses:\n  - scenario: x\n    set: {}\n    scenario: y\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r":5: key 'scenario' is there twice, on lines 3 and 5"):
        load_model(path, Suite)


OVERRIDES = {
    "a deep key": (".".join(["a"] * 5000) + "=1", "32 levels"),
    "a deep value": ("name=" + "[" * 5000, "nested deeper"),
    "5,000 digits": ("perception.threads=" + "9" * 5000, "5,000 digits"),
    "infinity": ("faults.start=.inf", "finite"),
    "infinity as a text": ("faults.start=inf", "finite"),
    "a NUL": ('name="\\0"', r"U\+0000"),
    "a raw NUL": ("name=\0", "not a valid value"),
    "a surrogate": ("name=\ud800", "not a valid value|unicode"),
    "a key that is there twice": ("faults={start: 1, start: 2}", "is there twice"),
    "an alias within itself": ("name=&a [*a]", "stands within"),
    "a long text": ("name=" + "x" * 2_000_000, "1 MB"),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_hostile_settings_are_refused_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("name: own\n", encoding="utf-8")
    override, message = OVERRIDES[name]
    start = time.process_time()
    with pytest.raises(ConfigError, match=message) as caught:
        load_model(path, ModularConfig, (override,))
    assert time.process_time() - start < 2.0
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("index", ["²", "9" * 5000, "-1", "3", "x"])
def test_an_invalid_index_of_a_list_is_refused(index: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("courses: [{scenario: cruise}]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no place in a list of 1"):
        load_model(path, Suite, (f"courses.{index}.scenario=merge",))


def test_numbers_from_text_are_finite_too() -> None:
    class Weighted(StrictModel):
        weight: float

    for text in ("inf", "nan", "-Infinity", "1e999"):
        with pytest.raises(ValueError, match="finite"):
            Weighted.model_validate({"weight": text})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    link = tmp_path / "zero.yaml"
    link.symlink_to("/dev/zero")
    for path in (pipe, link, tmp_path, Path("/dev/null")):
        with pytest.raises(ConfigError, match=r"cannot be read: it is a (pipe|device|folder), and must be"):
            read_document(path)
        with pytest.raises(OSError, match="must be a regular file"):
            read_regular(path)


def test_invalid_paths_and_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"null (byte|character)"):
        read_document(tmp_path / "a\0.yaml")
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        read_document(tmp_path / ("x" * 5000))
    large = tmp_path / "large.yaml"
    large.write_bytes(b"a: 1\n" * 2_000_000)
    with pytest.raises(ConfigError, match=r"larger than the 1 MB allowed"):
        read_document(large)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ConfigError, match="'utf-8' codec"):
        read_document(tmp_path / "latin.yaml")


def test_json_is_read_within_bounds(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200_000)
    for half in (r'{"a": "\ud800"}', r'{"\ud800": "a"}', r'["\udfff\ud800"]'):
        with pytest.raises(ValueError, match="surrogates not allowed"):
            parse_json(half)
    assert parse_json(r'"\ud83d\ude97"') == "\U0001f697"
    path = tmp_path / "some.json"
    path.write_text('{"a": [1, 2]}', encoding="utf-8")
    assert read_json(path) == {"a": [1, 2]} and read_text(path, 13) == '{"a": [1, 2]}'
    with pytest.raises(ValueError, match="larger"):
        read_json(path, 12)


def test_quoted_text_is_short_and_printable() -> None:
    assert shortened("x" * 80) == "x" * 80
    assert shortened("x" * 1000) == "x" * 79 + "…"
    assert shortened("a\0\n\x1b[2J") == "a\\x00\\n\\x1b[2J"
