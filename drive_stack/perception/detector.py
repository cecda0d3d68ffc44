"""Detection of objects in one image with the trained network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.runtime.sessions import map_batch, open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.support.layout import MODELS
from drive_stack.types import Detection, FloatArray, Image, ObjectClass

TRAINED = MODELS / "detector.onnx"  # single precision, as trained
WEIGHTS = MODELS / "detector.int8.onnx"  # quantised to 8 bits; used for driving
COMMAND = "python run_sim.py train detector"
MAX_CANDIDATES = 300  # decoded cells, which bounds the time of an image
CONTAINED_FRACTION = 0.95  # of the smaller of two boxes of a class, from which they are one object


class YoloDetector:
    """A `Detector`: a YOLO network in OpenVINO or ONNX Runtime. Equal images give equal detections.

    Raises:
        ConfigError: the weights are missing or altered, or an image has another size than the network.
    """

    def __init__(
        self,
        weights: Path = WEIGHTS,
        *,
        confidence: ConfidenceThresholds = ConfidenceThresholds(),  # noqa: B008 - frozen
        overlap: float = 0.6,
        threads: int = 2,
        engine: str = "openvino",
        streams: int = 1,
    ) -> None:
        """Load the network.

        Args:
            weights: an ONNX file with its card next to it.
            confidence: minimum confidence of each class.
            overlap: IoU, 0 … 1, above which the less confident of two boxes is suppressed.
            threads: threads for each stream.
            engine: ``openvino`` or ``onnxruntime``.
            streams: number of images that `detect_batch` processes at a time.
        """
        read_card(weights, COMMAND, Card)
        self._session = open_session(weights, engine=engine, threads=threads, streams=streams)
        self._thresholds = confidence.by_class()
        self._overlap = overlap

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape (H, W, 3) of the images that the network takes."""
        return self._session.input_shape[1:]

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Detect objects in ``image`` (H, W, 3).

        The most confident comes first; boxes are clipped to the image.
        """
        if image.shape != self.image_shape:
            raise ConfigError(f"the detector takes images of {self.image_shape}, not {image.shape}")
        boxes, scores = self._session.run(np.ascontiguousarray(image[None]))
        return decode(boxes, scores, image.shape[:2], self._thresholds, self._overlap)

    def detect_batch(self, images: Iterable[Image]) -> tuple[tuple[Detection, ...], ...]:
        """Apply `detect` to each of ``images``, for instance (N, H, W, 3), ``streams`` at a time."""
        return map_batch(self.detect, images, self._session.streams)


def decode(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    size: tuple[int, ...],
    thresholds: FloatArray,
    overlap: float,
) -> tuple[Detection, ...]:
    """Decode the boxes ``(A, 4)`` [px] and class scores ``(A, classes)`` of all cells.

    ``size`` is the (height, width) of the image, ``thresholds`` the minimum score of each class; those of
    classes that the network was not taught are left out.
    """
    thresholds = thresholds[: scores.shape[1]]
    best = scores.max(axis=1)
    likely = np.flatnonzero(best >= thresholds.min())
    likely = likely[best[likely] >= thresholds[scores[likely].argmax(axis=1)]]
    likely = likely[np.argsort(-best[likely], kind="stable")][:MAX_CANDIDATES]
    limit = np.array([size[1], size[0], size[1], size[0]], dtype=np.float32)
    clipped = np.clip(boxes[likely], 0.0, limit)
    labels = scores[likely].argmax(axis=1)
    retained = suppress_duplicates(clipped, labels, overlap)
    return tuple(
        Detection(
            box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            label=ObjectClass(int(label)),
            confidence=float(best[cell]),
        )
        for cell, label, box in zip(likely[retained], labels[retained], clipped[retained], strict=True)
    )


def suppress_duplicates(boxes: NDArray[np.float32], labels: NDArray[np.int64], overlap: float) -> list[int]:
    """Rows of ``boxes`` (N, 4), best first, that are not duplicates of a better box.

    A box is a duplicate where its IoU with a better box is above ``overlap``, whatever their classes
    ``labels`` (N,) are: an object is a car or a lorry, not both. It is also a duplicate where the classes are
    equal and one box contains the other: it then shows a part of the same object. Boxes without area are
    dropped.
    """
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    remaining = [int(row) for row in np.flatnonzero(areas > 0.0)]
    retained: list[int] = []
    while remaining:
        first, *others = remaining
        retained.append(first)
        low = np.maximum(boxes[first, :2], boxes[others, :2])
        high = np.minimum(boxes[first, 2:], boxes[others, 2:])
        intersection = np.prod(np.clip(high - low, 0.0, None), axis=1)
        iou = intersection / (areas[first] + areas[others] - intersection)
        contained = intersection > CONTAINED_FRACTION * np.minimum(areas[first], areas[others])
        duplicate = (iou > overlap) | (contained & (labels[others] == labels[first]))
        remaining = [other for other, drop in zip(others, duplicate, strict=True) if not drop]
    return retained
