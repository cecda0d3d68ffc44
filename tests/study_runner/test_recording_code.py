"""The hash of the code that records the pool: what it covers, and what it ignores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drive_stack.evaluation.reference.drive_code import determining_files
from drive_stack.study_runner.recording_code import RECORDING, recording_hash
from drive_stack.support.layout import SOURCES


def test_all_that_is_listed_exists() -> None:
    listed = [package / part for package in SOURCES for part in RECORDING[package.name]]
    assert listed and not [path for path in listed if not path.exists()]


@pytest.fixture(scope="module")
def files() -> list[str]:
    return [name for name, _ in determining_files(SOURCES, RECORDING)]


def test_what_drives_and_draws_counts_and_scores_do_not(files: list[str]) -> None:
    assert "drive_stack/policy/image_network.py" in files
    assert any(name.startswith("envs/camera/") for name in files)
    assert not any("metrics" in name or "study" in name for name in files)


def test_comments_do_not_change_the_hash(tmp_path: Path) -> None:
    for package in SOURCES:
        (tmp_path / package.name).mkdir()
    packages = tuple(tmp_path / package.name for package in SOURCES)
    camera = tmp_path / "envs" / "camera.py"
    camera.write_text("x = 1\n")
    before = recording_hash(packages)
    for text, same in (('"""Text."""\nx = 1  # comment\n', True), ("x = 2\n", False)):
        camera.write_text(text)
        recording_hash.cache_clear()
        assert (recording_hash(packages) == before) is same
    shutil.rmtree(tmp_path)
    recording_hash.cache_clear()
