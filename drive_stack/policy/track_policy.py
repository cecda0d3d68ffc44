"""Runs the network from tracks and lanes to controls."""

from __future__ import annotations

from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.policy.state_vector import control_of
from drive_stack.policy.track_encoding import INPUT_SIZE, TrackEncoder
from drive_stack.runtime.sessions import open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.support.layout import MODELS
from drive_stack.types import Control, LaneEstimate, Observation, Track
from drive_stack.vehicle import VehicleParameters

WEIGHTS = MODELS / "mid_to_end.onnx"
COMMAND = "python run_sim.py train mid_to_end"


class TrackPolicy:
    """Computes the controls of one car. Equal inputs give equal controls.

    ``dt`` is the time between two steps, ``tracker_dt`` that between two steps of the tracker [s].

    Raises:
        ConfigError: weights are missing or altered, or take another input.
    """

    def __init__(
        self,
        weights: Path,
        car: VehicleParameters,
        dt: float,
        tracker_dt: float,
        *,
        threads: int = 1,
        engine: str = "openvino",
    ) -> None:
        read_card(weights, COMMAND, Card)
        self._session = open_session(weights, engine=engine, threads=threads)
        if self._session.input_shape != (1, INPUT_SIZE):
            raise ConfigError(
                f"{weights}: takes {self._session.input_shape}, expected (1, {INPUT_SIZE}); "
                f"make it with: {COMMAND}"
            )
        self._encoder, self._car = TrackEncoder(dt, tracker_dt), car

    def reset(self) -> None:
        """Forget the previous episode."""
        self._encoder.reset()

    def drive(self, tracks: tuple[Track, ...], lanes: LaneEstimate, observation: Observation) -> Control:
        """Compute the control of one step."""
        (outputs,) = self._session.run(self._encoder.encode(tracks, lanes, observation)[None])
        lateral, longitudinal = outputs[0].tolist()
        return control_of(lateral, longitudinal, observation.speed, self._car)
