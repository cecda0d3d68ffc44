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


class Cellar(StrictModel):
    depth: float = 2.0
    damp: bool = False


class House(StrictModel):
    address: str
    floors: int = Field(default=1, ge=1)
    cellar: Cellar = Cellar()
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


def extended(tmp_path: Path, base: str, text: str, *overrides: str) -> House:
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "cottage.yaml").write_text(base, encoding="utf-8")
    path = tmp_path / "house.yaml"
    path.write_text(text, encoding="utf-8")
    return load_model(path, House, overrides, bases=tmp_path / "bases")


BASE = "floors: 3\ncellar: {depth: 2.5, damp: true}\npets:\n  - kind: cat\n"


def test_a_file_takes_over_what_it_does_not_set_itself(tmp_path: Path) -> None:
    """Mappings are merged key by key; a list replaces the base's."""
    text = "extends: cottage\naddress: here\ncellar: {damp: false}\npets: [{kind: dog}]\n"
    house = extended(tmp_path, BASE, text, "cellar.depth=3")
    assert house == House(
        address="here", floors=3, cellar=Cellar(depth=3.0, damp=False), pets=[Dog(kind="dog")]
    )


@pytest.mark.parametrize(
    ("base", "text", "place", "what"),
    [
        ("floors: 0\n", "address: here\n", "cottage.yaml:1", "greater than or equal to 1"),
        ("address: here\nflors: 2\n", "floors: 1\n", "cottage.yaml:2", "floors"),
        ("floors: 0\n", "address: here\nfloors: -1\n", "house.yaml:3", "greater than or equal to 1"),
        ("cellar: {depth: x}\n", "address: here\ncellar: {damp: true}\n", "cottage.yaml:1", "valid number"),
    ],
)
def test_a_mistake_is_named_in_the_file_that_holds_it(
    tmp_path: Path, base: str, text: str, place: str, what: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        extended(tmp_path, base, f"extends: cottage\n{text}")
    assert place in str(caught.value) and what in str(caught.value)


def test_a_misspelt_extends_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"house\.yaml:2: unknown key 'extend': did you mean extends\?"):
        extended(tmp_path, "{}\n", "address: here\nextend: cottage\n")


def test_only_a_known_base_can_be_extended(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"house\.yaml:2: extends: .*'cotage'.*cottage"):
        extended(tmp_path, "{}\n", "address: here\nextends: cotage\n")
    message = refusal(tmp_path, "extends: cottage\naddress: here\n")  # no bases: a key like any other
    assert "house.yaml:1" in message and "'extends'" in message
