"""Recorded drives as Rerun recordings: one ``.rrd`` file for each episode, on a time line of seconds.

Entities:

- ``world/trajectory``: the path of the rear axle.
- ``world/lane_centre``: the centre line of the lane that was driven.
- ``world/ego``: the pose of the rear axle, with the ego's body and its camera image.
- ``world/ego/actors``: the boxes of all other road users, in the ego frame.
- ``signals/…``: speeds, controls of the expert and of the driver, and the place in the lane.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rerun as rr
import rerun.blueprint as rrb
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.datasets.export.formats import Advance
from drive_stack.datasets.export.source import RecordedDrives, RecordedEpisode
from drive_stack.datasets.export.trajectory import Trajectory, trajectory_of
from drive_stack.objects.classes import class_name
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import VehicleParameters

APPLICATION = "drive_stack"
TIMELINE = "time"
BATCH = 64  # images that are in memory at a time
EGO, CAMERA, ACTORS = "world/ego", "world/ego/camera", "world/ego/actors"
COLOURS = {
    ObjectClass.CAR: (66, 135, 245),
    ObjectClass.LARGE_VEHICLE: (151, 84, 222),
    ObjectClass.PEDESTRIAN: (240, 80, 60),
    ObjectClass.OBSTACLE: (240, 170, 40),
    ObjectClass.MOTORCYCLE: (40, 190, 220),
    ObjectClass.CYCLIST: (240, 130, 180),
    ObjectClass.WHEELCHAIR_USER: (200, 60, 140),
    ObjectClass.ANIMAL: (150, 110, 70),
    ObjectClass.CARGO: (250, 210, 120),
    ObjectClass.EMERGENCY_VEHICLE: (20, 60, 255),
    ObjectClass.OVERTURNED_CAR: (120, 160, 200),
}
EGO_COLOUR, LANE_COLOUR = (60, 180, 90), (150, 150, 150)


def write(drives: RecordedDrives, folder: Path, advance: Advance) -> None:
    """Write the recordings; see `FormatModule.write`."""
    for episode in drives:
        name = episode.path.stem
        with rr.RecordingStream(APPLICATION, recording_id=name) as stream:
            stream.save(folder / f"{name}.rrd", default_blueprint=_blueprint())
            stream.send_recording_name(name)
            _log_episode(stream, episode, advance)
            stream.disconnect()


def _log_episode(stream: rr.RecordingStream, episode: RecordedEpisode, advance: Advance) -> None:
    trajectory = trajectory_of(episode.columns)
    _log_static(stream, trajectory)
    _log_motion(stream, episode, trajectory)
    _log_actors(stream, episode)
    _log_signals(stream, episode)
    _log_images(stream, episode, advance)


def _log_static(stream: rr.RecordingStream, trajectory: Trajectory) -> None:
    """What is the same throughout the episode: lines, the ego's body and the camera."""
    car, model = VehicleParameters(), CameraModel()
    stream.log("world", rr.ViewCoordinates.FLU, static=True)
    path = [_ground(trajectory.position)]
    stream.log("world/trajectory", rr.LineStrips3D(path, colors=[EGO_COLOUR], radii=0.1), static=True)
    lanes = [_ground(trajectory.lane_centre[part]) for part in trajectory.lane_parts]
    stream.log("world/lane_centre", rr.LineStrips3D(lanes, colors=[LANE_COLOUR], radii=0.05), static=True)
    body = rr.Boxes3D(
        centers=[[car.centre_ahead, 0.0, car.height / 2.0]],
        half_sizes=[[car.length / 2.0, car.width / 2.0, car.height / 2.0]],
        colors=[EGO_COLOUR],
    )
    stream.log(f"{EGO}/body", body, static=True)
    pitch = np.radians(model.pitch_down_deg)
    cos, sin = np.cos(pitch), np.sin(pitch)
    # columns: the camera's right, down and forward axes in the ego frame
    axes = np.array([[0.0, -sin, cos], [-1.0, 0.0, 0.0], [0.0, -cos, -sin]])
    mount = rr.Transform3D(translation=[model.mount_x, 0.0, model.mount_z], mat3x3=axes)
    stream.log(CAMERA, mount, static=True)
    stream.log(
        CAMERA,
        rr.Pinhole(
            focal_length=model.focal_px,
            width=model.width,
            height=model.height,
            camera_xyz=rr.ViewCoordinates.RDF,
            image_plane_distance=4.0,
        ),
        static=True,
    )


def _log_motion(stream: rr.RecordingStream, episode: RecordedEpisode, trajectory: Trajectory) -> None:
    half = trajectory.yaw / 2.0
    zero = np.zeros_like(half)
    turn = np.column_stack([zero, zero, np.sin(half), np.cos(half)])
    poses = rr.Transform3D.columns(translation=_ground(trajectory.position), quaternion=turn)
    stream.send_columns(EGO, [_times(episode.columns.time)], poses)


def _log_actors(stream: rr.RecordingStream, episode: RecordedEpisode) -> None:
    """The boxes of all actors of each row; rows without actors clear them."""
    actors = episode.actors
    counts = np.bincount(actors.row, minlength=episode.rows)
    half = actors.heading / 2.0
    zero = np.zeros_like(half)
    size = np.column_stack([actors.length, actors.width, actors.height])
    boxes = rr.Boxes3D.columns(
        centers=np.column_stack([actors.x, actors.y, actors.height / 2.0]),
        half_sizes=size / 2.0,
        quaternions=np.column_stack([zero, zero, np.sin(half), np.cos(half)]),
        colors=_colours(actors),
        labels=_labels(actors),
    )
    stream.send_columns(ACTORS, [_times(episode.columns.time)], boxes.partition(counts))


def _log_signals(stream: rr.RecordingStream, episode: RecordedEpisode) -> None:
    columns, times = episode.columns, [_times(episode.columns.time)]
    signals: dict[str, FloatArray] = {
        "speed/ego": columns.speed,
        "speed/limit": columns.speed_limit,
        "speed/lead": columns.lead_speed,
        "steering/applied": columns.applied[:, 0],
        "steering/expert": columns.expert[:, 0],
        "acceleration/applied": columns.applied[:, 1],
        "acceleration/expert": columns.expert[:, 1],
        "lane/offset": columns.lane_offset,
        "lane/heading_error": columns.heading_error,
        "perturbed": columns.perturbed.astype(np.float64),
    }
    for name, values in signals.items():
        stream.send_columns(f"signals/{name}", times, rr.Scalars.columns(scalars=values))


def _log_images(stream: rr.RecordingStream, episode: RecordedEpisode, advance: Advance) -> None:
    """The camera's JPEG streams, unchanged."""
    batch: list[bytes] = []
    done = 0
    for jpeg in episode.jpegs():
        batch.append(jpeg)
        if len(batch) == BATCH or done + len(batch) == episode.rows:
            times = _times(episode.columns.time[done : done + len(batch)])
            images = rr.EncodedImage.columns(blob=batch, media_type=["image/jpeg"] * len(batch))
            stream.send_columns(CAMERA, [times], images)
            advance(len(batch))
            done, batch = done + len(batch), []


def _blueprint() -> rrb.Blueprint:
    """The arrangement of views: image and scene at the left, signals at the right."""
    plots = [
        rrb.TimeSeriesView(origin=f"/signals/{name}", name=title)
        for name, title in (
            ("speed", "speed [m/s]"),
            ("steering", "steering [rad]"),
            ("acceleration", "acceleration [m/s²]"),
            ("lane", "offset [m] and heading error [rad]"),
        )
    ]
    views = rrb.Vertical(
        rrb.Spatial2DView(origin=f"/{CAMERA}", contents=["$origin/**", f"/{ACTORS}"], name="camera"),
        rrb.Spatial3DView(origin=f"/{EGO}", contents=["/world/**"], name="scene"),
    )
    return rrb.Blueprint(rrb.Horizontal(views, rrb.Vertical(*plots), column_shares=[3, 2]))


def _times(time: FloatArray) -> rr.TimeColumn:
    return rr.TimeColumn(TIMELINE, duration=time)


def _ground(points: FloatArray) -> FloatArray:
    """Points (N, 2) as points (N, 3) on the ground."""
    return np.column_stack([points, np.zeros(len(points))])


def _colours(actors: OtherActors) -> NDArray[np.uint8]:
    table = np.array([COLOURS[label] for label in ObjectClass], dtype=np.uint8)
    return table[actors.label]


def _labels(actors: OtherActors) -> list[str]:
    names = [class_name(label) for label in ObjectClass]
    speeds = zip(actors.label.tolist(), actors.speed.tolist(), strict=True)
    return [f"{names[label]} {speed:.0f} m/s" if speed > 0.5 else names[label] for label, speed in speeds]
