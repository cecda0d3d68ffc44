"""The networks that drivers run: a driver's own, or shared by those that drive side by side."""

from __future__ import annotations

from threading import Lock

from agents.config import PerceptionConfig
from drive_stack.camera_model import CameraModel
from drive_stack.perception.detector import YoloDetector
from drive_stack.perception.lanes_network import LaneNetwork


class Networks:
    """Loads a network when a driver first asks for it; drivers of the same configuration share it.

    Networks remember nothing from image to image, so sharing changes no result. ``streams`` images are
    inferred at the same time where the machine has the cores for it, each on the ``threads`` of the
    driver's configuration.
    """

    def __init__(self, streams: int = 1) -> None:
        self._streams = streams
        self._detectors: dict[str, YoloDetector] = {}
        self._lanes: dict[tuple[CameraModel, str, int], LaneNetwork] = {}
        self._loading = Lock()

    def detector(self, config: PerceptionConfig) -> YoloDetector:
        """The detector of a configuration."""
        key = config.model_dump_json(include={"confidence", "threads", "engine"})
        with self._loading:
            if key not in self._detectors:
                self._detectors[key] = YoloDetector(
                    confidence=config.confidence,
                    threads=config.threads,
                    engine=config.engine,
                    streams=self._streams,
                )
            return self._detectors[key]

    def lanes(self, config: PerceptionConfig, camera: CameraModel) -> LaneNetwork:
        """The lane network of a configuration, for images of ``camera``."""
        key = camera, config.engine, config.threads
        with self._loading:
            if key not in self._lanes:
                self._lanes[key] = LaneNetwork(
                    camera, threads=config.threads, engine=config.engine, streams=self._streams
                )
            return self._lanes[key]
