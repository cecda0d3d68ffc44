"""Sessions give the same numbers as the network; cards hold the hashes of their weights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from drive_stack.errors import ConfigError
from drive_stack.runtime.sessions import ENGINES, open_session
from drive_stack.runtime.weights import Card, amend_card, card_path, read_card, sha256_of, write_card


@pytest.fixture
def affine(tmp_path: Path) -> Path:
    """An ONNX file of y = 2 x + 1 for x of shape (1, 3), and its card."""
    helper, single = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["m"]), helper.make_node("Add", ["m", "one"], ["y"])],
        "affine",
        [helper.make_tensor_value_info("x", single, [1, 3])],
        [helper.make_tensor_value_info("y", single, [1, 3])],
        [helper.make_tensor("two", single, [1], [2.0]), helper.make_tensor("one", single, [1], [1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "affine.onnx"
    onnx.save(model, path)
    write_card(path, "make affine", {"accuracy": 1.0})
    return path


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_engines_compute_the_network_and_outputs_are_the_callers(affine: Path, engine: str) -> None:
    session = open_session(affine, engine=engine, threads=1)
    first = session.run(np.array([[0.0, 1.0, -2.0]], dtype=np.float32))[0]
    session.run(np.ones((1, 3), dtype=np.float32))
    assert session.input_shape == (1, 3)
    np.testing.assert_array_equal(first, [[1.0, 3.0, -3.0]])


SIGNAL_AFTER_SESSIONS = """
import gc, signal, sys, threading
from pathlib import Path
from drive_stack.runtime.sessions import open_session
sessions = [open_session(Path(sys.argv[1]), engine=sys.argv[2], threads=1) for _ in range(2)]
thread = threading.Thread(target=lambda: (sessions.clear(), gc.collect()))
thread.start()
thread.join()
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
signal.raise_signal(signal.SIGTERM)
"""


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_a_signal_is_handled_after_sessions_were_dropped(affine: Path, engine: str) -> None:
    """On processors with AMX, dropping an OpenVINO core left a signal stack in freed memory."""
    command = [sys.executable, "-c", SIGNAL_AFTER_SESSIONS, str(affine), engine]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "handled\n"), run.stderr


def test_unknown_engine_names_the_nearest(affine: Path) -> None:
    with pytest.raises(ConfigError, match="openvino"):
        open_session(affine, engine="openvno")


class AffineCard(Card):
    accuracy: float


def test_card_of_untouched_weights_is_read(affine: Path) -> None:
    assert read_card(affine, "other", AffineCard) == {
        "file": "affine.onnx",
        "sha256": sha256_of(affine),
        "command": "make affine",
        "accuracy": 1.0,
    }


def test_altered_weights_are_refused_with_file_hashes_and_command(affine: Path) -> None:
    expected = read_card(affine, "other", Card)["sha256"]
    affine.write_bytes(affine.read_bytes() + b"!")
    with pytest.raises(ConfigError) as caught:
        read_card(affine, "other", Card)
    assert all(part in str(caught.value) for part in ("affine.onnx", expected, "make affine"))


def test_missing_weights_and_missing_card_name_the_command(affine: Path) -> None:
    affine.unlink()
    with pytest.raises(ConfigError, match=r"affine\.onnx: no such file .* make affine"):
        read_card(affine, "other", Card)
    card_path(affine).unlink()
    with pytest.raises(ConfigError, match="other"):
        read_card(affine, "other", Card)


def test_amended_card_keeps_its_other_values_and_needs_matching_weights(affine: Path) -> None:
    write_card(affine, "make affine", {"accuracy": 1.0, "about": "doubles"})
    before = json.loads(card_path(affine).read_text())
    amend_card(affine, "make affine", {"accuracy": 0.5, "test": [1, 2]})
    assert json.loads(card_path(affine).read_text()) == before | {"accuracy": 0.5, "test": [1, 2]}
    affine.write_bytes(affine.read_bytes() + b"x")
    with pytest.raises(ConfigError, match="SHA-256"):
        amend_card(affine, "make affine", {})


def test_broken_card_is_refused(affine: Path) -> None:
    card_path(affine).write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        read_card(affine, "other", Card)
    card_path(affine).write_text("[]")
    with pytest.raises(ConfigError, match="no sha256"):
        read_card(affine, "other", Card)


def test_a_card_without_a_required_value_is_refused_with_its_key_and_the_command(affine: Path) -> None:
    write_card(affine, "make affine", {})
    with pytest.raises(ConfigError, match=r"affine\.card\.json: accuracy: .* make affine"):
        read_card(affine, "other", AffineCard)
    write_card(affine, "make affine", {"accuracy": "high"})
    with pytest.raises(ConfigError, match=r"affine\.card\.json: accuracy: .* make affine"):
        read_card(affine, "other", AffineCard)
