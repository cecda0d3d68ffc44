"""Checkpoints and caches that are cut off, of another kind, or no regular files."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.data import read_array
from drive_stack.learning.training.checkpoints import read_checkpoint


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def plain_text(path: Path) -> None:
    path.write_text("other text")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_list(path: Path) -> None:
    torch.save([1, 2], path)


def other_keys(path: Path) -> None:
    torch.save({"weights": 1}, path)


def hostile(path: Path) -> None:
    path.write_bytes(pickle.dumps({"network": Touch(path.with_name("touched"))}))


@pytest.mark.parametrize(
    "corrupt", [cut_off, empty, plain_text, a_folder, a_pipe, a_list, other_keys, hostile]
)
def test_an_unusable_checkpoint_is_named(tmp_path: Path, corrupt: Callable[[Path], None]) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"network": {"weight": torch.zeros(100)}}, path)
    assert read_checkpoint(path, ["network"], "cpu")["network"]["weight"].shape == (100,)
    corrupt(path)
    with pytest.raises(ConfigError, match=str(path)) as caught:
        read_checkpoint(path, ["network"], "cpu")
    assert "\n" not in str(caught.value) and not (tmp_path / "touched").exists()


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no checkpoint to resume from"):
        read_checkpoint(tmp_path / "checkpoint.pt", [], "cpu")


def test_a_cached_array_is_used_only_with_the_expected_type_and_shape(tmp_path: Path) -> None:
    path = tmp_path / "views.npy"
    assert read_array(path, np.uint8, (3, 4)) is None
    np.save(path, np.ones((3, 4), np.uint8))
    array = read_array(path, np.uint8, (3, None))
    assert array is not None and array.sum() == 12
    assert read_array(path, np.uint8, (4, 4)) is None  # of fewer images
    assert read_array(path, np.uint8, (12,)) is None
    assert read_array(path, np.float16, (3, 4)) is None
    for corrupt in (cut_off_array, empty, plain_text):
        np.save(path, np.ones((3, 4), np.uint8))
        corrupt(path)
        assert read_array(path, np.uint8, (3, 4)) is None
    np.save(path, np.array([[Touch(tmp_path / "touched")]], dtype=object), allow_pickle=True)
    assert read_array(path, np.uint8, (1, 1)) is None and not (tmp_path / "touched").exists()
    a_pipe(path)
    with pytest.raises(ConfigError, match="it is a pipe"):
        read_array(path, np.uint8, (3, 4))


def cut_off_array(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])
