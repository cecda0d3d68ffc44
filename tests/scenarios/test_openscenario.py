"""OpenSCENARIO files become scenario files, and what they cannot express is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import run_sim
from drive_stack.errors import ConfigError
from envs.openscenario.conversion import Conversion, convert
from envs.scenarios.scenario import Scenario, load_scenario

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<OpenSCENARIO>
  <FileHeader revMajor="1" revMinor="1" date="2026-01-01T00:00:00" description="For tests" author="me"/>
  <ParameterDeclarations>
    <ParameterDeclaration name="EgoKmh" parameterType="double" value="108"/>
    <ParameterDeclaration name="Speed" parameterType="double" value="${$EgoKmh / 3.6}"/>
    <ParameterDeclaration name="owner" parameterType="string" value="Target"/>
  </ParameterDeclarations>
  <RoadNetwork><LogicFile filepath="road.xodr"/></RoadNetwork>
  <Entities>
    <ScenarioObject name="Ego">__CAR__</ScenarioObject>
    <ScenarioObject name="Target">__TARGET__</ScenarioObject>
  </Entities>
  <Storyboard>
    <Init><Actions>
      <Private entityRef="Ego">
        __EGO_PLACE__
        __SPEED__<AbsoluteTargetSpeed value="$Speed"/>__SPEED_END__
      </Private>
      <Private entityRef="Target">
        __PLACE__
        __SPEED__<AbsoluteTargetSpeed value="__TARGET_SPEED__"/>__SPEED_END__
      </Private>
    </Actions></Init>
    <Story name="S"><Act name="A">
      <ManeuverGroup maximumExecutionCount="1" name="G">
        <Actors selectTriggeringEntities="false"><EntityRef entityRef="$owner"/></Actors>
        <Maneuver name="M"><Event name="E" priority="overwrite">
          <Action name="X"><PrivateAction>__ACTION__</PrivateAction></Action>
          <StartTrigger><ConditionGroup>
            <Condition name="C" delay="0" conditionEdge="none">__TRIGGER__</Condition>
          </ConditionGroup></StartTrigger>
        </Event></Maneuver>
      </ManeuverGroup>
    </Act></Story>
  </Storyboard>
</OpenSCENARIO>
"""
CAR = '<CatalogReference catalogName="VehicleCatalog" entryName="car"/>'
TRUCK = (
    '<Vehicle name="t" vehicleCategory="truck"><BoundingBox><Center x="3" y="0" z="1.5"/>'
    '<Dimensions width="2.5" length="8" height="3"/></BoundingBox></Vehicle>'
)
PEDESTRIAN = '<Pedestrian name="p" mass="80" model="p" pedestrianCategory="pedestrian"/>'
SPEED = (
    '<PrivateAction><LongitudinalAction><SpeedAction><SpeedActionDynamics dynamicsShape="step" '
    'dynamicsDimension="time" value="0"/><SpeedActionTarget>'
)
SPEED_END = "</SpeedActionTarget></SpeedAction></LongitudinalAction></PrivateAction>"
INTO_EGO_LANE = (
    '<LateralAction><LaneChangeAction><LaneChangeActionDynamics dynamicsShape="sinusoidal" value="3" '
    'dynamicsDimension="time"/><LaneChangeTarget><RelativeTargetLane entityRef="Ego" value="0"/>'
    "</LaneChangeTarget></LaneChangeAction></LateralAction>"
)
BRAKE = (
    '<LongitudinalAction><SpeedAction><SpeedActionDynamics dynamicsShape="linear" value="5" '
    'dynamicsDimension="rate"/><SpeedActionTarget><AbsoluteTargetSpeed value="10"/></SpeedActionTarget>'
    "</SpeedAction></LongitudinalAction>"
)
WALK = BRAKE.replace('value="10"', 'value="1.5"')
AFTER_6_S = '<ByValueCondition><SimulationTimeCondition value="6" rule="greaterThan"/></ByValueCondition>'


def near(condition: str, value: float, rule: str = "lessThan", *, freespace: str = "false") -> str:
    return (
        f'<ByEntityCondition><EntityCondition><{condition} entityRef="$owner" value="{value}" '
        f'freespace="{freespace}" rule="{rule}"/></EntityCondition></ByEntityCondition>'
    )


def place(lane: int, station: float) -> str:
    position = f'<LanePosition roadId="0" laneId="{lane}" offset="0" s="{station}"/>'
    return f"<PrivateAction><TeleportAction><Position>{position}</Position></TeleportAction></PrivateAction>"


def filled(
    text: str,
    *,
    target: str,
    where: str,
    ego: str = "",
    speed: float = 25.0,
    action: str = "<VisibilityAction/>",
    trigger: str = AFTER_6_S,
) -> str:
    """The text with its placeholders replaced."""
    for name, value in {
        "__CAR__": CAR,
        "__TARGET__": target,
        "__EGO_PLACE__": ego or place(-3, 50.0),
        "__PLACE__": where,
        "__TARGET_SPEED__": str(speed),
        "__ACTION__": action,
        "__TRIGGER__": trigger,
        "__SPEED__": SPEED,
        "__SPEED_END__": SPEED_END,
    }.items():
        text = text.replace(name, value)
    return text


def converted(folder: Path, *, target: str = CAR, where: str, **changes: Any) -> tuple[Conversion, Scenario]:
    """The conversion of the file, and the scenario that is loaded from its text."""
    path = folder / "test.xosc"
    path.write_text(filled(FILE, target=target, where=where, **changes), encoding="utf-8")
    conversion = convert(path)
    result = folder / "test.yaml"
    result.write_text(conversion.text, encoding="utf-8")
    return conversion, load_scenario(result)


def entry(scenario: Scenario) -> dict[str, object]:
    """The only entry, with fixed quantities as numbers."""
    (only,) = (*scenario.actors, *scenario.people)
    values = only.model_dump(exclude_unset=True)
    return {key: _number(value) for key, value in values.items()}


def _number(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return (
        value["choices"][0] if "choices" in value else {key: _number(inner) for key, inner in value.items()}
    )


@pytest.mark.parametrize(
    ("trigger", "gap", "after"),
    [
        # 80 m between reference points are 75.3 m between bumpers, and shrink by 5 m/s
        (AFTER_6_S, 45.3, 6.0),
        (near("TimeHeadwayCondition", 1.5), 40.3, 7.0),  # 1.5 s · 30 m/s = 45 m between reference points
        (near("TimeHeadwayCondition", 1.5, freespace="true"), 45.0, 6.06),
        (near("RelativeDistanceCondition", 60.3, freespace="true"), 60.3, 3.0),
        (near("TimeToCollisionCondition", 10.0, freespace="true"), 50.0, 5.06),  # 10 s · 5 m/s
        (near("RelativeDistanceCondition", 500.0), 75.3, 0.0),  # fulfilled from the start
    ],
)
def test_a_cut_in_starts_where_and_when_its_trigger_says(
    trigger: str, gap: float, after: float, tmp_path: Path
) -> None:
    _, scenario = converted(tmp_path, where=place(-2, 130.0), action=INTO_EGO_LANE, trigger=trigger)
    found = entry(scenario)
    assert (found["kind"], found["side"], found["duration"]) == ("cut_in", "left", 3.0)
    assert (found["gap"], found["after"]) == (pytest.approx(gap, abs=0.05), pytest.approx(after, abs=0.01))
    assert found["slower_kmh"] == 18.0
    assert _number(scenario.speed_limit_kmh.model_dump()) == 108.0
    assert scenario.ego.lane == "rightmost"


def test_a_lead_vehicle_brakes(tmp_path: Path) -> None:
    _, scenario = converted(tmp_path, target=TRUCK, where=place(-3, 100.0), speed=20.0, action=BRAKE)
    assert entry(scenario) == {
        "kind": "lead",
        "lane": "ego",
        "gap": 45.25,  # 50 m, less the ego's front, 3.75 m, and the lorry's rear, 8 / 2 − 3 = 1 m
        "speed_kmh": 72.0,
        "brakes": {"after": 6.0, "to_kmh": 36.0, "deceleration": 5.0},
        "body": "box_truck",
    }


def test_a_standing_vehicle_stands_at_its_place(tmp_path: Path) -> None:
    _, scenario = converted(tmp_path, where=place(-4, 150.0), speed=0.0)
    assert entry(scenario) == {"kind": "stopped", "at": 99.05, "lane": "right_of_ego"}
    assert scenario.ego.lane == "leftmost"


def test_a_pedestrian_crosses_from_the_side_of_its_lane(tmp_path: Path) -> None:
    where = place(-5, 170.0)
    conversion, scenario = converted(tmp_path, target=PEDESTRIAN, where=where, speed=0.0, action=WALK)
    assert entry(scenario) == {"kind": "crosser", "at": 120.0, "side": "right", "speed_kmh": 5.4}
    assert any("its path and its trigger" in note for note in conversion.notes)


def test_a_place_relative_to_the_ego_skips_lane_0(tmp_path: Path) -> None:
    relative = '<RelativeLanePosition entityRef="Ego" dLane="1" ds="80"/>'
    where = f"<PrivateAction><TeleportAction><Position>{relative}</Position></TeleportAction></PrivateAction>"
    _, scenario = converted(tmp_path, ego=place(-1, 50.0), where=where, action=INTO_EGO_LANE)
    assert entry(scenario)["side"] == "left"


def test_what_is_not_carried_over_stands_in_the_file(tmp_path: Path) -> None:
    conversion, _ = converted(tmp_path, where=place(-3, 100.0))
    assert "the road network road.xodr: the road is straight and has 2 lanes" in conversion.notes
    assert "Target: VisibilityAction" in conversion.notes
    for note in conversion.notes:
        assert f"# - {note}\n" in conversion.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"where": place(-2, 20.0), "speed": 36.0, "action": INTO_EGO_LANE}, "Target: starts behind"),
        ({"where": place(-2, 90.0), "speed": 36.0, "action": INTO_EGO_LANE}, "it is faster than the ego"),
        ({"where": place(-1, 130.0), "action": INTO_EGO_LANE}, "crosses more than one lane"),
        ({"where": place(1, 130.0), "ego": place(-1, 50.0)}, "in a lane of the opposite direction"),
        ({"where": place(-6, 130.0), "ego": place(-1, 50.0)}, "uses 6 lanes"),
        ({"where": place(-2, 130.0), "ego": place(2, 50.0)}, "drives in a lane with a positive number"),
        ({"where": place(-3, 130.0), "ego": "<PrivateAction/>"}, "needs a LanePosition"),
        (
            {
                "where": place(-2, 130.0),
                "action": INTO_EGO_LANE,
                "trigger": near("TimeHeadwayCondition", 1.0, "greaterThan"),
            },
            "TimeHeadwayCondition with the rule greaterThan",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        converted(tmp_path, **changes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<OpenSCENARIO>", "not valid XML"),
        ("<OpenDRIVE/>", "its root is OpenDRIVE"),
        ('<!DOCTYPE a [<!ENTITY b "bb">]><OpenSCENARIO/>', "document type definition"),
        ("<OpenSCENARIO/>", "no entity is named Ego"),
        (FILE.replace("108", "__import__('os')"), "is not a finite number"),
        (FILE.replace("108", "1/0"), "is not a finite number"),
    ],
)
def test_other_files_are_refused_in_one_line(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.xosc"
    path.write_text(filled(content, target=CAR, where=place(-2, 130.0)))
    assert run_sim.main(["convert", str(path), "--out", str(tmp_path / "out.yaml")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.yaml").exists()


def test_the_command_writes_a_new_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    converted(tmp_path, where=place(-3, 100.0))
    words = ["convert", str(tmp_path / "test.xosc"), "--out", str(tmp_path / "new.yaml")]
    assert run_sim.main(words) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'new.yaml'}\n"
    assert "not carried over: Target: VisibilityAction" in err
    assert (tmp_path / "new.yaml").read_text() == (tmp_path / "test.yaml").read_text()
    assert run_sim.main(words) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_example_is_a_cut_in() -> None:
    text = convert(Path(__file__).resolve().parents[2] / "examples" / "my_cut_in.xosc").text
    assert yaml.safe_load(text)["actors"] == [
        # 30 m/s · 1.2 s are 36 m; 70 m between reference points are 65.3 m and shrink by 20 km/h
        {"kind": "cut_in", "side": "left", "gap": 36.0, "slower_kmh": 20.0, "after": 5.27, "duration": 3.0}
    ]
