"""The detector: decoding, duplicates, invalid input, and an exported network in both engines."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import yaml
from onnx import numpy_helper

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.learning.detector.card_fields import DetectorCard
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.network import build_inference_model, build_network, export, strides
from drive_stack.learning.training.quantisation import quantise
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import COMMAND, WEIGHTS, YoloDetector, decode, suppress_duplicates
from drive_stack.perception.lanes_network import WEIGHTS as LANE_WEIGHTS
from drive_stack.runtime.sessions import open_session
from drive_stack.runtime.weights import read_card, write_card
from drive_stack.types import ObjectClass

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "configs" / "training" / "detector_network.yaml"
SIZE = (256, 640)
THRESHOLDS = ConfidenceThresholds.uniform(0.3).by_class()


def scores(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_decode_keeps_likely_cells_in_order_with_their_class() -> None:
    detections = decode(
        boxes((10, 10, 30, 30), (100, 50, 120, 90), (200, 50, 220, 90)),
        scores((0.1, 0.5, 0.0), (0.0, 0.0, 0.9), (0.2, 0.1, 0.1)),
        SIZE,
        thresholds=THRESHOLDS,
        overlap=0.6,
    )
    assert [detection.label for detection in detections] == [
        ObjectClass.PEDESTRIAN,
        ObjectClass.LARGE_VEHICLE,
    ]
    assert detections[0].box == (100.0, 50.0, 120.0, 90.0)
    assert detections[1].confidence == pytest.approx(0.5)


def test_decode_clips_boxes_to_the_image_and_drops_those_outside() -> None:
    detections = decode(
        boxes((-20, 240, 30, 300), (700, 10, 800, 50)),
        scores((0.9, 0, 0), (0.9, 0, 0)),
        SIZE,
        thresholds=THRESHOLDS,
        overlap=0.6,
    )
    assert [detection.box for detection in detections] == [(0.0, 240.0, 30.0, 256.0)]


def test_of_two_boxes_on_one_object_the_more_confident_one_stays_whatever_its_class() -> None:
    near_twins = boxes((10, 10, 50, 50), (11, 10, 51, 50), (45, 10, 85, 50))
    assert suppress_duplicates(near_twins, np.array([0, 1, 2]), 0.6) == [0, 2]
    both = decode(near_twins, scores((0.6, 0, 0), (0, 0.8, 0), (0, 0, 0.5)), SIZE, THRESHOLDS, 0.6)
    assert [detection.label for detection in both] == [ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN]


def test_a_part_of_an_object_is_dropped_but_not_an_object_next_to_it() -> None:
    whole, part, adjacent = (10, 10, 90, 90), (15, 12, 45, 50), (60, 40, 120, 100)
    for rows in ((whole, part, adjacent), (part, whole, adjacent)):
        assert suppress_duplicates(boxes(*rows), np.array([1, 1, 1]), 0.6) == [0, 2]
    person_before_lorry = suppress_duplicates(boxes(whole, part, adjacent), np.array([1, 2, 1]), 0.6)
    assert person_before_lorry == [0, 1, 2]


def test_each_class_has_its_own_minimum_confidence() -> None:
    thresholds = ConfidenceThresholds(vehicles=0.5, pedestrian=0.2, obstacle=0.9).by_class()
    confident = 0.6 * np.eye(4, dtype=np.float32)
    positions = boxes((0, 10, 50, 60), (100, 10, 150, 60), (200, 10, 250, 60), (300, 10, 350, 60))
    detections = decode(positions, confident, SIZE, thresholds, 0.6)
    assert {detection.label for detection in detections} == {
        ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN,
    }  # fmt: skip
    weak = decode(positions, 0.5 * confident, SIZE, thresholds, 0.6)
    assert [detection.label for detection in weak] == [ObjectClass.PEDESTRIAN]


def test_without_confident_cells_there_are_no_detections() -> None:
    assert decode(boxes((0, 0, 9, 9)), scores((0.1, 0.1, 0.1)), SIZE, THRESHOLDS, 0.6) == ()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.nn.Module]:
    torch.manual_seed(0)
    network = build_network(NETWORK)
    for module in network.modules():  # normalised by one picture, so that cells have different scores
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.rand(1, 3, *SIZE))
    network.eval()
    path = tmp_path_factory.mktemp("weights") / "detector.onnx"
    export(network, path, CameraModel())
    write_card(path, "make it", {})
    return path, network


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_exported_network_agrees_with_torch_and_repeats(
    exported: tuple[Path, torch.nn.Module], engine: str
) -> None:
    path, network = exported
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    with torch.no_grad():
        boxes, scores = (o.numpy() for o in build_inference_model(network)(torch.from_numpy(image[None])))
    session = open_session(path, engine=engine, threads=2)
    for output, expected, tolerance in zip(
        session.run(image[None]), (boxes, scores), (0.05, 1e-4), strict=True
    ):
        assert np.ptp(expected) > 100.0 * tolerance
        np.testing.assert_allclose(output, expected.reshape(output.shape), rtol=0.0, atol=tolerance)
    detector = YoloDetector(
        path, confidence=ConfidenceThresholds.uniform(0.0), overlap=0.9, threads=2, engine=engine
    )
    detections = detector.detect(image)
    assert detections and detections == detector.detect(image)
    assert detections[0].confidence == pytest.approx(scores.max(), abs=1e-4)


def test_its_outputs_in_eight_bits_are_close_to_those_in_single_precision(
    exported: tuple[Path, torch.nn.Module], tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8) for _ in range(4)]
    out = tmp_path / "detector.int8.onnx"
    quantise(exported[0], images, out)
    assert out.stat().st_size < 0.5 * exported[0].stat().st_size
    image = rng.integers(0, 256, (1, *SIZE, 3), dtype=np.uint8)
    (boxes_single, scores_single), (boxes_quantised, scores_quantised) = (
        open_session(path, threads=1).run(image) for path in (exported[0], out)
    )
    assert float(np.abs(scores_quantised - scores_single).max()) < 0.02
    assert float(np.abs(boxes_quantised - boxes_single).mean()) < 2.0
    assert not np.array_equal(boxes_quantised, boxes_single)


@pytest.mark.parametrize("weights_file", [WEIGHTS, LANE_WEIGHTS])
def test_the_shipped_weights_take_seven_bits(weights_file: Path) -> None:
    """Without VNNI, processors add two 8-bit products in 16 bits, which weights of 8 bits would overflow."""
    graph = onnx.load(weights_file).graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    convolved = [array for array in weights.values() if array.dtype == np.int8 and array.ndim == 4]
    assert len(convolved) > 10
    assert max(int(np.abs(array.astype(np.int64)).max()) for array in convolved) <= 64


@pytest.mark.parametrize("weights_file", [WEIGHTS, LANE_WEIGHTS])
def test_the_shipped_weights_are_rounded_after_the_activations_alone(weights_file: Path) -> None:
    """If they were rounded before them too, activations would be separate layers that compute in floats."""
    graph = onnx.load(weights_file).graph
    convolved = {node.output[0] for node in graph.node if node.op_type == "Conv"}
    rounded = {node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    assert len(rounded) > 10 and not rounded & convolved


def test_a_network_with_a_larger_input_gives_boxes_in_pixels_of_the_camera() -> None:
    network = build_network(NETWORK)
    image = torch.zeros((1, *SIZE, 3), dtype=torch.uint8)
    with torch.no_grad():
        positions, confidences = build_inference_model(network, 1.5)(image)
    cells = sum((384 // stride) * (960 // stride) for stride in strides(network))
    assert positions.shape == (cells, 4)
    assert confidences.shape == (cells, yaml.safe_load(NETWORK.read_text(encoding="utf-8"))["nc"])
    centres = (positions[:, :2] + positions[:, 2:]) / 2.0
    assert float(centres[:, 0].max()) == pytest.approx(SIZE[1], abs=20.0)
    assert float(centres[:, 1].max()) == pytest.approx(SIZE[0], abs=20.0)


def test_network_is_small_and_has_four_scales(exported: tuple[Path, torch.nn.Module]) -> None:
    assert strides(exported[1]) == [4, 8, 16, 32]
    width = load_model(NETWORK.with_name("detector.yaml"), DetectorTraining).width
    shipped = build_network(NETWORK, width)
    assert sum(p.numel() for p in shipped.parameters()) < 2.0e6


def test_wrong_image_size_is_refused(exported: tuple[Path, torch.nn.Module]) -> None:
    with pytest.raises(ConfigError, match="256, 640, 3"):
        YoloDetector(exported[0]).detect(np.zeros((100, 100, 3), dtype=np.uint8))


def test_missing_weights_name_file_and_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.card\.json.*run_sim\.py train detector"):
        YoloDetector(tmp_path / "nothing.onnx")


def test_the_confidences_by_default_are_those_on_the_shipped_card() -> None:
    validation = read_card(WEIGHTS, COMMAND, DetectorCard)["validation"]
    assert ConfidenceThresholds() == ConfidenceThresholds.model_validate(validation["criteria"]["confidence"])


def test_the_shipped_weights_detect_nothing_in_an_empty_image() -> None:
    detector = YoloDetector(threads=1)
    assert detector.image_shape == (*SIZE, 3)
    assert detector.detect(np.full((*SIZE, 3), 128, dtype=np.uint8)) == ()
