"""Configuration files are read strictly, and refused in one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from drive_stack.config import StrictModel, apply_override, load_model, unknown_name
from drive_stack.errors import ConfigError


class Cat(StrictModel):
    kind: Literal["cat"]
    lives: int = Field(default=9, ge=1, le=9)


class Dog(StrictModel):
    kind: Literal["dog"]
    bones: int = 0


class House(StrictModel):
    address: str
    floors: int = Field(default=1, ge=1)
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = Field(default_factory=list)


def load(tmp_path: Path, text: str, *overrides: str) -> House:
    path = tmp_path / "house.yaml"
    path.write_text(text, encoding="utf-8")
    return load_model(path, House, overrides)


def refusal(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_reads_nested_unions(tmp_path: Path) -> None:
    house = load(tmp_path, "address: here\npets:\n  - kind: cat\n  - kind: dog\n    bones: 3\n")
    assert house.pets == [Cat(kind="cat"), Dog(kind="dog", bones=3)]


def test_unknown_key_names_line_and_nearest(tmp_path: Path) -> None:
    message = refusal(tmp_path, "address: here\nflors: 2\n")
    assert "house.yaml:2" in message and "'flors'" in message and "floors" in message


def test_unknown_key_inside_a_union_names_its_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, "address: here\npets:\n  - kind: dog\n    bonse: 3\n")
    assert "house.yaml:4" in message and "bones" in message


def test_value_out_of_range_says_what_is_allowed(tmp_path: Path) -> None:
    message = refusal(tmp_path, "address: here\npets:\n  - kind: cat\n    lives: 12\n")
    assert "house.yaml:4" in message and "less than or equal to 9" in message and "12" in message


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    assert "house.yaml:2" in refusal(tmp_path, "address: here\nfloors: : 1\n")


@pytest.mark.parametrize("text", ["- a list\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected keys and values" in refusal(tmp_path, text)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        load_model(tmp_path / "nowhere.yaml", House)


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "address: here\nfloors: 2\n", "floors=3").floors == 3


def test_bad_override_is_named_rather_than_the_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, "address: here\n", "floors=none").startswith("--set floors:")


@pytest.mark.parametrize("override", ["floors", "=3", "address.street=1"])
def test_malformed_override_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        apply_override({"address": "here"}, override)


def test_unknown_name_suggests_the_nearest() -> None:
    assert "did you mean cruise?" in str(unknown_name("scenario", "cruse", ["cruise", "merge"]))
    assert "there are: cruise, merge" in str(unknown_name("scenario", "xyz", ["merge", "cruise"]))
