"""What a video shows between two steps: the world half way, and what the agent knew at the last step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import view_samples
from real_episodes import SHORT

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.geometry import to_world
from drive_stack.objects.vehicles import select_vehicles
from drive_stack.types import Control, Image
from drive_stack.viewer.interpolation.frames import race_between, view_between
from drive_stack.viewer.interpolation.states import state_between
from drive_stack.viewer.interpolation.traces import trace_after, trace_between
from drive_stack.viewer.records import RaceFrame, ViewFrame
from drive_stack.world_state import EgoState, WorldState

STATE = view_samples.world()


def moved_on(state: WorldState) -> WorldState:
    """A tenth of a second later: the ego 3 m on, the vehicles in reverse order and 2 m to the east."""
    cars = select_vehicles(state.vehicles, np.arange(len(state.vehicles.id))[::-1])
    return replace(
        state,
        time=state.time + 0.1,
        ego=replace(state.ego, x=state.ego.x + 3.0, speed=state.ego.speed - 0.6),
        vehicles=replace(cars, x=cars.x + 2.0),
    )


def test_actors_move_in_proportion_to_the_time() -> None:
    between = state_between(STATE, moved_on(STATE), 1 / 3)
    assert between.time == pytest.approx(STATE.time + 0.1 / 3)
    assert between.ego.x == pytest.approx(STATE.ego.x + 1.0)
    assert between.ego.speed == pytest.approx(STATE.ego.speed - 0.2)
    np.testing.assert_array_equal(between.vehicles.id, STATE.vehicles.id)
    np.testing.assert_allclose(between.vehicles.x, STATE.vehicles.x + 2.0 / 3.0)
    np.testing.assert_array_equal(between.vehicles.colour, STATE.vehicles.colour)


def test_angles_turn_the_short_way() -> None:
    before = replace(STATE, ego=replace(STATE.ego, yaw=np.pi - 0.1))
    walkers = replace(STATE.pedestrians, gait=np.array([6.2, 1.0]))
    before = replace(before, pedestrians=walkers)
    after = replace(moved_on(before), ego=replace(before.ego, yaw=-np.pi + 0.1))
    after = replace(after, pedestrians=replace(walkers, gait=np.array([0.1, 1.2])))
    between = state_between(before, after, 0.5)
    assert between.ego.yaw == pytest.approx(np.pi)
    np.testing.assert_allclose(between.pedestrians.gait, [6.2 + (0.1 + 2 * np.pi - 6.2) / 2, 1.1])


def test_who_is_not_in_both_states_or_was_placed_elsewhere_is_left_out() -> None:
    after = moved_on(STATE)
    cars = select_vehicles(after.vehicles, np.array([0, 1, 2, 3]))  # without number 1, the last of them
    x = cars.x.copy()
    x[0] += 500.0  # number 5 was placed elsewhere
    between = state_between(STATE, replace(after, vehicles=replace(cars, x=x)), 0.5)
    assert between.vehicles.id.tolist() == [2, 3, 4]


def pose(x: float, yaw: float = 0.0) -> EgoState:
    return replace(STATE.ego, x=x, y=0.0, yaw=yaw)


def at(frame: EgoState, points: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """Points of an ego frame in the world."""
    return to_world(points, np.array([frame.x, frame.y]), frame.yaw)


TRACE = view_samples.trace(STATE)
STANDING = replace(TRACE.tracks[0], id=1, position=np.array([30.0, 1.0]), velocity=np.zeros(2))
DRIVING = replace(STANDING, id=2, velocity=np.array([20.0, 0.0]), box=(0.0, 0.0, 10.0, 10.0))
FIRST = replace(TRACE, tracks=(STANDING, DRIVING))


def test_what_an_agent_knew_stays_on_the_road_while_the_ego_drives_and_turns_on_it() -> None:
    then, now = pose(0.0), pose(3.0, yaw=0.1)
    after = trace_after(FIRST, then, now, 0.1)
    assert TRACE.plan is not None and after.plan is not None
    assert TRACE.lanes is not None and after.lanes is not None
    np.testing.assert_allclose(at(now, after.plan.positions), TRACE.plan.positions, atol=1e-9)
    np.testing.assert_allclose(at(now, after.lanes.path.xy), TRACE.lanes.path.xy, atol=1e-9)
    np.testing.assert_allclose(after.plan.headings + 0.1, TRACE.plan.headings)
    standing, driving = after.tracks
    np.testing.assert_allclose(at(now, standing.position), [30.0, 1.0])
    np.testing.assert_allclose(at(now, driving.position), [32.0, 1.0])  # 20 m/s for 0.1 s
    assert driving.heading == pytest.approx(DRIVING.heading - 0.1)
    assert after.detections == () and standing.box is None


def test_tracks_and_their_boxes_are_on_the_way_to_the_next_step() -> None:
    """A standing car 30 m ahead at a step, and 26.7 m after 3 m: a third of the way, 29 m less 0.1 m."""
    detection = replace(TRACE.detections[0], box=DRIVING.box)
    first = replace(FIRST, detections=(detection,))
    near = replace(STANDING, position=np.array([26.7, 1.0]))
    larger = replace(DRIVING, position=np.array([29.0, 1.0]), box=(3.0, 0.0, 16.0, 13.0))
    shown = trace_between(
        (first, pose(0.0)), (replace(TRACE, tracks=(near, larger)), pose(3.0)), pose(1.0), 1 / 3, 0.1
    )
    standing, driving = shown.tracks
    np.testing.assert_allclose(standing.position, [29.0 - 0.1, 1.0])
    np.testing.assert_allclose(driving.position, [29.0 + 2.0 / 3.0, 1.0])
    assert driving.box == pytest.approx((1.0, 0.0, 12.0, 11.0))
    assert [one.box for one in shown.detections] == [driving.box]


def test_a_track_that_the_next_step_has_lost_moves_on_and_keeps_its_box() -> None:
    shown = trace_between((FIRST, pose(0.0)), (replace(TRACE, tracks=()), pose(3.0)), pose(1.0), 1 / 3, 0.1)
    np.testing.assert_allclose(shown.tracks[1].position, [29.0 + 2.0 / 3.0, 1.0])
    assert shown.tracks[1].box == DRIVING.box


def steps(image_age: float = 0.0) -> tuple[ViewFrame, ViewFrame]:
    """Two frames a tenth of a second apart, whose camera draws the time of a state."""

    def picture(state: WorldState) -> Image:
        return np.full((2, 2, 3), round(100.0 * (state.time - STATE.time)), dtype=np.uint8)

    first = replace(view_samples.view_frame(), picture=picture)
    first = replace(first, observation=replace(first.observation, image_age=image_age))
    state = moved_on(first.state)
    late = replace(first.history[-1], time=state.time, speed=0.0)
    return first, replace(first, state=state, score={}, history=(*first.history[1:], late))


def test_a_frame_between_two_steps_has_its_own_image_and_the_texts_of_the_first() -> None:
    first, second = steps()
    shown = view_between(first, second, 0.5)
    assert np.unique(shown.observation.image).tolist() == [5]
    assert (shown.headline, shown.score) == (first.headline, first.score)
    assert shown.history[-1].speed == pytest.approx(first.history[-1].speed / 2)
    assert view_between(first, first, 0.5) is first  # of a driver who has arrived in a race


def test_a_late_image_remains_until_the_next_one_arrives() -> None:
    first, second = steps(image_age=0.1)
    assert view_between(first, second, 0.5).observation.image is first.observation.image


def test_a_race_shows_every_driver_between_its_steps() -> None:
    first, second = steps()
    before = RaceFrame((first, first), progress=(0.2, 0.5), scores=(1.0, 1.0))
    after = RaceFrame((second, first), progress=(0.4, 0.5), scores=(1.0, 1.0))
    shown = race_between(before, after, 0.25)
    assert shown.progress == pytest.approx((0.25, 0.5))
    assert shown.drivers[0].state.time == pytest.approx(STATE.time + 0.025)
    assert shown.drivers[1] is first


def test_pictures_between_the_steps_do_not_change_a_drive(tmp_path_factory: pytest.TempPathFactory) -> None:
    course = tmp_path_factory.mktemp("course") / "short.yaml"
    course.write_text(SHORT)
    images: list[list[Image]] = []
    for draws in (False, True):
        env = DrivingEnv(EnvSpec(str(course)))
        seen = [env.reset(3).image]
        before = env.truth.world_state()
        for _ in range(3):
            seen.append(env.step(Control(0.0, 1.0)).observation.image)
            after = env.truth.world_state()
            if draws:
                half_way = env.picture(state_between(before, after, 0.5))
                assert (half_way != seen[-1]).any() and (half_way != seen[-2]).any()
                np.testing.assert_array_equal(env.picture(after), seen[-1])
            before = after
        env.close()
        images.append(seen)
    np.testing.assert_array_equal(images[0], images[1])
