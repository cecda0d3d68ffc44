"""Changes of the world and of its image during an episode."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from scenario_worlds import scenario, states, world

from drive_stack.interventions.scene import SceneChange, SceneIntervention
from drive_stack.types import ObjectClass
from drive_stack.world_state import Light, Optics, Weather, WorldState
from envs.bodies import BODIES
from envs.changes.image import drawn_state
from envs.highway import HighwayEnv
from envs.lane_hold import hold_lane
from envs.scenarios.scenario import load_scenario
from envs.world import World

CAST = """\
people: [{kind: walker, at: 60, lane: ego, speed_kmh: 0}]
actors: [{kind: stopped, at: 90, lane: ego}]
obstacles: [{kind: cargo, what: box, at: 120, lane: ego}]
conditions: {weather: {rain: 1}, light: {night: 1}}
"""


def actor_ids(state: WorldState) -> set[int]:
    groups = (state.vehicles.id, state.pedestrians.id, state.obstacles.id)
    return {int(actor) for ids in groups for actor in ids}


def env_with(text: str, *interventions: SceneIntervention, camera: bool = False) -> HighwayEnv:
    made = gym.make("drive_stack/Highway-v0", scenario=scenario(text), camera=camera).unwrapped
    assert isinstance(made, HighwayEnv)
    made.intervene(interventions)
    made.reset(seed=0)
    return made


@pytest.mark.parametrize("actor", [1, 1001, 2001])
def test_a_removed_actor_is_gone_and_nothing_else(actor: int) -> None:
    changed, same = world(CAST), world(CAST)
    changed.alter(SceneIntervention(SceneChange.REMOVED, 0.0, actor))
    assert actor in actor_ids(same.state())
    assert actor_ids(changed.state()) == actor_ids(same.state()) - {actor}
    for state in states(changed, 1.0):
        assert actor not in actor_ids(state)


def test_what_was_removed_is_not_hit() -> None:
    course = "people: [{kind: walker, at: 25, lane: ego, speed_kmh: 0}]"
    with_person, without = world(course), world(course)
    without.alter(SceneIntervention(SceneChange.REMOVED, 0.0, 1))
    assert _drive_into(with_person) == [1]
    assert _drive_into(without) == []


def _drive_into(own: World) -> list[int]:
    for _ in range(40):
        own.step(hold_lane(own.ego, own.road, 1, own.ego.speed, own.car))
    return [contact.actor_id for contact in own.contacts]


@pytest.mark.parametrize("name", ["cut_in", "cut_out", "jam_tail", "braking_lead"])
def test_scripts_go_on_without_a_vehicle_that_was_removed(name: str) -> None:
    own = World(load_scenario(name), 3)
    scripted = [int(actor) for actor in own.state().vehicles.id if 2001 <= actor < 3001]
    assert scripted
    for state in states(own, 1.0):
        assert scripted[0] in actor_ids(state)
    own.alter(SceneIntervention(SceneChange.REMOVED, own.time, scripted[0]))
    for state in states(own, 8.0):
        assert scripted[0] not in actor_ids(state)


def test_a_level_road_has_no_grade_and_the_same_plan_view() -> None:
    text = "road: {kind: straight, lanes: 3, grades: [{begins: 5, percent: 6}]}"
    hilly, level = world(text), world(text)
    level.alter(SceneIntervention(SceneChange.FLAT))
    assert level.road.profile.is_level
    assert not hilly.road.profile.is_level
    np.testing.assert_array_equal(level.road.piece_x, hilly.road.piece_x)


def test_a_change_begins_with_the_observation_of_its_time() -> None:
    changed = env_with(CAST, SceneIntervention(SceneChange.REMOVED, 0.3, 2001))
    same = env_with(CAST)
    for step in range(5):
        assert (2001 in actor_ids(changed.world.state())) is (step < 3)
        assert changed.world.ego == same.world.ego
        changed.step(np.zeros(2, dtype=np.float32))
        same.step(np.zeros(2, dtype=np.float32))


def test_each_episode_starts_unchanged() -> None:
    own = env_with(CAST, SceneIntervention(SceneChange.REMOVED, 0.1, 2001))
    own.step(np.zeros(2, dtype=np.float32))
    assert 2001 not in actor_ids(own.world.state())
    own.reset(seed=0)
    assert 2001 in actor_ids(own.world.state())


def test_changes_of_the_image_leave_the_world_as_it_is() -> None:
    changes = [
        SceneIntervention(SceneChange.HIDDEN, 0.0, 1),
        SceneIntervention(SceneChange.CLEAR_DAY),
        SceneIntervention(SceneChange.FRESH_PAINT),
    ]
    changed, same = env_with(CAST, *changes), env_with(CAST)
    assert actor_ids(changed.world.state()) == actor_ids(same.world.state())
    assert changed.world.conditions == same.world.conditions


def test_a_hidden_actor_is_not_drawn() -> None:
    state = world(CAST).state()
    assert actor_ids(drawn_state(state, [SceneIntervention(SceneChange.HIDDEN, 0.0, 1001)])) == {1, 2001}


def test_a_clear_day_is_drawn_without_what_weather_and_lens_add() -> None:
    drawn = drawn_state(world(CAST).state(), [SceneIntervention(SceneChange.CLEAR_DAY)]).conditions
    assert (drawn.weather, drawn.light, drawn.visibility) == (Weather.CLEAR, Light.DAY, 2000.0)
    assert (drawn.rain_rate, drawn.wet_gloss, drawn.spray, drawn.optics) == (0.0, 0.0, 0.0, Optics())


def test_a_person_is_drawn_as_a_car_in_the_same_place() -> None:
    state = world(CAST).state()
    drawn = drawn_state(state, [SceneIntervention(SceneChange.AS_CAR, 0.0, 1)])
    assert len(drawn.pedestrians.id) == 0
    row = int(np.flatnonzero(drawn.vehicles.id == 1)[0])
    assert drawn.vehicles.label[row] == ObjectClass.CAR
    assert drawn.vehicles.x[row] == state.pedestrians.x[0]
    assert drawn.vehicles.y[row] == state.pedestrians.y[0]


def test_a_plain_look_has_the_size_and_place_of_the_actor() -> None:
    state = world("actors: [{kind: stopped, at: 90, lane: ego, body: overturned_car}]").state()
    drawn = drawn_state(state, [SceneIntervention(SceneChange.PLAIN_LOOK, 0.0, 2001)])
    assert BODIES[int(drawn.vehicles.body[0])].name == "sedan"
    assert drawn.vehicles.label[0] == ObjectClass.CAR
    assert (drawn.vehicles.length[0], drawn.vehicles.x[0]) == (state.vehicles.length[0], state.vehicles.x[0])


def test_a_change_of_one_actor_needs_an_actor() -> None:
    with pytest.raises(ValueError, match="hidden"):
        SceneIntervention(SceneChange.HIDDEN)
    with pytest.raises(ValueError, match="flat"):
        SceneIntervention(SceneChange.FLAT, 0.0, 1)


@pytest.mark.slow
def test_the_camera_shows_the_changed_image_from_its_time_on() -> None:
    text = CAST.replace("night: 1", "day: 1").replace("rain: 1", "clear: 1")
    changed = env_with(text, SceneIntervention(SceneChange.HIDDEN, 0.1, 1), camera=True)
    same = env_with(text, camera=True)
    np.testing.assert_array_equal(changed.observation().image, same.observation().image)
    for own in (changed, same):
        own.step(np.zeros(2, dtype=np.float32))
    assert 1 in {box.actor_id for box in same.truth.labels().boxes}
    assert 1 not in {box.actor_id for box in changed.truth.labels().boxes}
    assert (changed.observation().image != same.observation().image).any()
    for own in (changed, same):
        own.close()
