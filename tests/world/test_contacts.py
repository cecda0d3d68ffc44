"""Contacts: actor, side and speed against values computed by hand; each is reported once."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polygons import boxes_overlap

from drive_stack.geometry import box_corners
from drive_stack.road_map import Lane, build_road
from drive_stack.types import Contact, ContactKind, Side
from drive_stack.vehicle import VehicleParameters
from envs.contacts import ContactMonitor, EgoBody, RoadPosition, Shapes, contact_side
from envs.overlap import count_touching, first_touch, previous_poses

CAR = VehicleParameters(length=4.0, width=2.0)
DT = 0.05


def body(x: float, y: float, yaw: float, speed: float) -> EgoBody:
    return EgoBody(np.array([x, y, yaw], dtype=np.float64), speed)


def shapes(*rows: tuple[int, float, float, float, float, float, float, float]) -> Shapes:
    """Rows of id, x, y, yaw, speed, length, width, radius."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    kinds = [ContactKind.PEDESTRIAN if row[7] > 0 else ContactKind.VEHICLE for row in table]
    return Shapes(
        id=table[:, 0].astype(np.int64),
        kind=tuple(kinds),
        pose=table[:, 1:4].copy(),
        speed=table[:, 4].copy(),
        length=table[:, 5].copy(),
        width=table[:, 6].copy(),
        radius=table[:, 7].copy(),
    )


def drive(ego: EgoBody, other: tuple[float, ...], ticks: int) -> list:
    """Both drive straight on; returns all reported contacts."""
    monitor, contacts = ContactMonitor(CAR), []
    before, before_other = ego, shapes(other)
    for tick in range(ticks):
        heading = np.array([np.cos(before.pose[2]), np.sin(before.pose[2])])
        moved = before.pose.copy()
        moved[:2] += heading * before.speed * DT
        after = EgoBody(moved, before.speed)
        pose = before_other.pose.copy()
        pose[:, 0] += before_other.speed * np.cos(pose[:, 2]) * DT
        pose[:, 1] += before_other.speed * np.sin(pose[:, 2]) * DT
        after_other = Shapes(
            before_other.id,
            before_other.kind,
            pose,
            before_other.speed,
            before_other.length,
            before_other.width,
            before_other.radius,
        )
        contacts += monitor.update((tick + 1) * DT, before, after, before_other, after_other)
        before, before_other = after, after_other
    return contacts


def test_rear_end_hit_is_on_the_front_at_the_difference_of_speeds() -> None:
    # gap of 10 m (bumper to bumper) closed at 20 m/s: after 0.5 s
    contacts = drive(body(0, 0, 0, 30.0), (7, 14.0, 0.5, 0.0, 10.0, 4.0, 2.0, 0.0), 20)
    assert len(contacts) == 1
    hit = contacts[0]
    assert (hit.actor_id, hit.kind, hit.side) == (7, ContactKind.VEHICLE, Side.FRONT)
    assert hit.impact_speed == pytest.approx(20.0)
    assert hit.time == pytest.approx(0.5, abs=DT)


def test_being_hit_from_behind_is_on_the_rear() -> None:
    contacts = drive(body(0, 0, 0, 10.0), (3, -8.0, 0.0, 0.0, 25.0, 4.0, 2.0, 0.0), 20)
    assert [(c.side, c.impact_speed) for c in contacts] == [(Side.REAR, pytest.approx(15.0))]


@pytest.mark.parametrize("side, y, yaw", [(Side.LEFT, 3.0, -0.1), (Side.RIGHT, -3.0, 0.1)])
def test_a_sideswipe_is_on_the_flank_at_the_lateral_speed(side: Side, y: float, yaw: float) -> None:
    contacts = drive(body(0, 0, 0, 20.0), (4, 0.5, y, yaw, 20.0, 4.0, 2.0, 0.0), 30)
    assert [c.side for c in contacts] == [side]
    assert contacts[0].impact_speed == pytest.approx(20.0 * np.sin(0.1), rel=1e-6)


def test_a_pedestrian_hit_by_the_front_has_the_ego_s_impact_speed() -> None:
    # walks in from the right at 1.5 m/s and is at y = 0 when the front is there
    contacts = drive(body(0, 0, 0, 15.0), (9, 17.0, -1.5, np.pi / 2, 1.5, 0.0, 0.0, 0.3), 40)
    assert [(c.kind, c.side) for c in contacts] == [(ContactKind.PEDESTRIAN, Side.FRONT)]
    assert contacts[0].impact_speed == pytest.approx(15.0)
    assert contacts[0].actor_speed == pytest.approx(1.5)


def test_a_pedestrian_who_walks_into_the_side_has_their_own_impact_speed() -> None:
    contacts = drive(body(0, 0, 0, 0.0), (9, 0.0, -2.0, np.pi / 2, 1.5, 0.0, 0.0, 0.3), 40)
    assert [(c.side, c.impact_speed) for c in contacts] == [(Side.RIGHT, pytest.approx(1.5))]


def test_a_contact_is_reported_once_until_the_bodies_separate() -> None:
    monitor = ContactMonitor(CAR)
    near, far = shapes((5, 3.9, 0, 0, 0, 4.0, 2.0, 0)), shapes((5, 9.0, 0, 0, 0, 4.0, 2.0, 0))
    ego = body(0, 0, 0, 0.0)
    counts = [len(monitor.update(0.0, ego, ego, now, now)) for now in (near, near, far, near, near)]
    assert counts == [1, 0, 0, 1, 0]


@pytest.mark.parametrize("speed", [10.0, 36.0, 72.0])
@pytest.mark.parametrize("offset", [0.0, 0.31, 0.77, 1.3])
def test_nothing_thin_passes_through(speed: float, offset: float) -> None:
    """A disc of 5 cm right ahead is met at any speed and phase."""
    contacts = drive(body(offset, 0, 0, speed), (2, 12.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.05), 60)
    assert [c.side for c in contacts] == [Side.FRONT]


def test_the_swept_test_agrees_with_separating_axes_on_stationary_boxes() -> None:
    rng = np.random.default_rng(0)
    poses = np.stack([rng.uniform(-6, 6, 400), rng.uniform(-6, 6, 400), rng.uniform(-4, 4, 400)], axis=1)
    sizes = rng.uniform(0.5, 6.0, (400, 2))
    ego = np.array([0.3, -0.2, 0.7])
    fractions = first_touch(ego, ego, 4.0, 2.0, poses, poses, sizes[:, 0], sizes[:, 1], np.zeros(400), 0.05)
    own = box_corners(ego[:2], 0.7, 4.0, 2.0)
    expected = [
        boxes_overlap(own, box_corners(pose[:2], pose[2], *size))
        for pose, size in zip(poses, sizes, strict=True)
    ]
    assert list(fractions >= 0.0) == expected
    assert 50 < sum(expected) < 350


def test_hits_do_not_depend_on_the_world_frame() -> None:
    ego, other = np.array([0.0, 0.0, 0.0]), np.array([[10.0, 1.0, 0.4]])
    moved = np.array([4.0, 0.0, 0.05])
    args = (np.array([4.5]), np.array([1.8]), np.zeros(1), 0.05)
    reference = first_touch(ego, moved * 2, 4.0, 2.0, other, other, *args)[0]
    for turn in (1.0, 2.5, -3.0):
        cos, sin = np.cos(turn), np.sin(turn)

        def turned(pose: np.ndarray, cos: float = cos, sin: float = sin, turn: float = turn) -> np.ndarray:
            x, y, yaw = pose[..., 0], pose[..., 1], pose[..., 2]
            return np.stack([cos * x - sin * y, sin * x + cos * y, yaw + turn], axis=-1)

        fraction = first_touch(turned(ego), turned(moved * 2), 4.0, 2.0, turned(other), turned(other), *args)[
            0
        ]
        assert fraction == pytest.approx(reference, abs=0.02)


def test_each_of_the_four_sides_is_found() -> None:
    points = {Side.FRONT: (2.0, 0.3), Side.REAR: (-2.0, -0.5), Side.LEFT: (0.4, 1.0), Side.RIGHT: (1.2, -1.0)}
    for side, point in points.items():
        assert contact_side(np.array(point), np.zeros(2), CAR) is side


def test_the_rail_stands_half_a_metre_outside_the_pavement() -> None:
    road = build_road(((500.0, 0.0),), (Lane(0.0, 3.5, 0.0, 500.0),), left_shoulder=1.0, right_shoulder=3.0)
    monitor = ContactMonitor(CAR)

    def rail(time: float, now: EgoBody) -> list[Contact]:
        return monitor.update_rail(time, now, road, RoadPosition.of(now, road, 100.0))

    # paved from −4.75 to 2.75; rails at −5.25 and 3.25; the car is 2 m wide
    assert rail(0.0, body(100, 2.2, 0, 20.0)) == []
    (hit,) = rail(0.1, body(102, 2.3, 0.05, 20.0))
    assert (hit.kind, hit.side, hit.actor_id) == (ContactKind.RAIL, Side.LEFT, 0)
    assert hit.impact_speed == pytest.approx(20.0 * np.sin(0.05))
    assert rail(0.2, body(104, 2.35, 0.05, 20.0)) == []
    assert rail(0.3, body(106, 0.0, 0.0, 20.0)) == []
    assert len(rail(0.4, body(108, -4.4, 0.0, 20.0))) == 1


def test_pairs_among_others_are_counted() -> None:
    poses = np.array([[0.0, 0, 0], [3.9, 0, 0], [20.0, 0, 0]])
    sizes = np.full(3, 4.0), np.full(3, 2.0)
    pedestrians = np.array([[20.0, 1.2, 0.0], [50.0, 0.0, 0.0]])
    assert count_touching(poses, *sizes, pedestrians, np.array([0.3, 0.3])) == 2


@given(
    st.lists(
        st.tuples(
            st.floats(-30, 30), st.floats(-6, 6), st.floats(-3.2, 3.2), st.floats(1, 18), st.floats(0.5, 2.6)
        ),
        max_size=12,
    )
)
@settings(max_examples=60)
def test_sweeping_along_x_misses_no_pair(rows: list[tuple[float, float, float, float, float]]) -> None:
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    poses, length, width = table[:, :3].copy(), table[:, 3].copy(), table[:, 4].copy()
    corners = [box_corners(p[:2], float(p[2]), a, b) for p, a, b in zip(poses, length, width, strict=True)]
    touching = sum(boxes_overlap(first, second) for first, second in combinations(corners, 2))
    assert count_touching(poses, length, width, np.zeros((0, 3)), np.zeros(0)) == touching


def test_previous_poses_are_matched_by_actor_id() -> None:
    poses = np.arange(9.0).reshape(3, 3)
    current = poses + 100.0
    assert np.array_equal(previous_poses(np.array([7, 8, 9]), poses, np.array([7, 8, 9]), current), poses)
    previous = previous_poses(np.array([7, 8, 9]), poses, np.array([9, 5, 7]), current)
    assert np.array_equal(previous, np.stack([poses[2], current[1], poses[0]]))
