"""Policy files drive, or are refused in one clear line."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from gymnasium import spaces
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data
from stable_baselines3 import A2C, PPO, SAC

import run_sim
from agents.facts import agent_facts
from agents.foreign.agent import ForeignAgent
from agents.foreign.isolated.agent import IsolatedAgent
from agents.foreign.policy import observation_arrays
from agents.registry import build_agent
from drive_stack.agent_errors import AgentError
from drive_stack.app.names import names_of
from drive_stack.camera_model import CameraModel
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.fingerprint import fingerprint
from drive_stack.interfaces import Platform, close_agent
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters
from envs.highway import HighwayEnv

PLATFORM = Platform(VehicleParameters(), CameraModel())


class Cruise(torch.nn.Module):
    """Holds 20 m/s, and steers by the brightness of the image."""

    def forward(self, image: torch.Tensor, speed: torch.Tensor) -> torch.Tensor:
        steering = image.float().mean(dim=(1, 2, 3))[:, None] / 255.0 * 0.01
        return torch.cat([steering, torch.clamp((20.0 - speed) * 0.2, -1.0, 1.0)], dim=1)


class SlowWhenWet(torch.nn.Module):
    """Brakes fully when the rain sensor reports rain."""

    def forward(self, rain: torch.Tensor) -> torch.Tensor:
        return torch.stack([rain * 0.0, rain * -1.0], dim=1)


class ThreeNumbers(torch.nn.Module):
    def forward(self, speed: torch.Tensor) -> torch.Tensor:
        return torch.cat([speed, speed, speed], dim=1)


class NeedsLidar(torch.nn.Module):
    def forward(self, lidar: torch.Tensor) -> torch.Tensor:
        return lidar[:, :2]


class OtherSize(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.float()[:, :2, 0, 0]


IMAGE = torch.zeros((1, 256, 640, 3), dtype=torch.uint8)


def onnx_file(path: Path, module: torch.nn.Module, **inputs: torch.Tensor) -> Path:
    torch.onnx.export(
        module, tuple(inputs.values()), str(path), input_names=list(inputs), opset_version=17, dynamo=False
    )
    return path


def observation(speed: float = 15.0) -> Observation:
    image = np.full((256, 640, 3), 102, dtype=np.uint8)
    return Observation(image, speed, 0.01, False, True, 30.0, NavigationCommand.CHANGE_LEFT)


@pytest.fixture(scope="module")
def cruise_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "cruise.onnx"
    return onnx_file(path, Cruise(), image=IMAGE, speed=torch.zeros((1, 1)))


@pytest.fixture(scope="module")
def cruise_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "cruise.pt"
    torch.jit.script(Cruise()).save(str(path))  # type: ignore[no-untyped-call]
    return path


def test_an_onnx_file_gives_the_action_of_its_formula(cruise_onnx: Path) -> None:
    control = build_agent(str(cruise_onnx), PLATFORM).act(observation(speed=18.0))
    assert control.steering == pytest.approx(0.4 * 0.01 * PLATFORM.car.max_steering, rel=1e-4)
    assert control.acceleration == pytest.approx(0.4 * PLATFORM.car.max_acceleration, rel=1e-4)


def test_a_file_sees_the_rain_in_its_own_process(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "wet.onnx", SlowWhenWet(), rain=torch.zeros(1, dtype=torch.int64))
    agent = build_agent(str(path), PLATFORM)
    assert isinstance(agent, IsolatedAgent)
    for wet, acceleration in ((False, 0.0), (True, PLATFORM.car.min_acceleration)):
        control = agent.act(replace(observation(), rain=wet))
        assert control.acceleration == pytest.approx(acceleration, abs=1e-6)
    close_agent(agent)


def test_torchscript_and_onnx_drive_alike(cruise_onnx: Path, cruise_script: Path) -> None:
    first = build_agent(str(cruise_onnx), PLATFORM)
    second = build_agent(str(cruise_script), PLATFORM, trusted=True)
    for speed in (0.0, 19.0, 30.0):
        a, b = first.act(observation(speed)), second.act(observation(speed))
        assert (a.steering, a.acceleration) == pytest.approx((b.steering, b.acceleration), rel=1e-5)


def test_a_policy_gets_the_observation_of_the_environment() -> None:
    env = HighwayEnv("cruise")
    try:
        raw, _ = env.reset(seed=100_000)
        arrays = observation_arrays(env.observation())
        assert arrays.keys() == raw.keys()
        for key, value in raw.items():
            assert np.array_equal(arrays[key], value) and arrays[key].dtype == np.asarray(value).dtype
    finally:
        env.close()


def test_a_file_drives_an_episode_from_the_command_line(
    cruise_onnx: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["--agent", str(cruise_onnx), "--scenario", "cruise[route_length=60]", "--headless", "--json"]
    assert run_sim.main(args) == 0
    assert '"agent": "cruise"' in capsys.readouterr().out


def test_a_file_is_identified_by_its_contents(cruise_onnx: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / cruise_onnx.name
    elsewhere.write_bytes(cruise_onnx.read_bytes())
    assert agent_facts(str(elsewhere)) == agent_facts(str(cruise_onnx))
    (tmp_path / "other").mkdir()
    other = onnx_file(tmp_path / "other" / "cruise.onnx", OtherBias(), speed=torch.zeros((1, 1)))
    assert agent_facts(str(other)).weights != agent_facts(str(cruise_onnx)).weights
    assert names_of([str(cruise_onnx), "agents.baselines:ConstantAgent"]) == ("cruise", "ConstantAgent")


def save_with_external_weights(path: Path, bias: float, *, nested: bool = False) -> Path:
    """An ONNX file with its weights in ``weights.bin`` next to it; nested: in a branch of an If node."""
    data = path.parent / "weights.bin"
    weights = numpy_helper.from_array(np.full((1, 2), bias, dtype=np.float32), "bias")
    set_external_data(weights, location=data.name)
    data.write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    inputs = [helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1, 1])]
    outputs = [helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, 2])]
    constant = helper.make_node("Constant", [], ["bias"], value=weights)
    add = helper.make_node("Add", ["speed", "bias"], ["action"])
    if nested:
        branch = helper.make_graph([constant, add], "branch", [], outputs)
        same = onnx.GraphProto()
        same.CopyFrom(branch)
        true = numpy_helper.from_array(np.array(True), "true")
        choice = helper.make_node("If", ["true"], ["action"], then_branch=branch, else_branch=same)
        graph = helper.make_graph([choice], "policy", inputs, outputs, [true])
    else:
        graph = helper.make_graph([add], "policy", inputs, outputs, [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("nested", [False, True])
def test_external_weights_of_an_onnx_file_are_part_of_it(tmp_path: Path, nested: bool) -> None:
    path = save_with_external_weights(tmp_path / "policy.onnx", 0.25, nested=nested)
    before = agent_facts(str(path))
    assert before.weights.keys() == {"policy.onnx", "weights.bin"}
    again = save_with_external_weights(tmp_path / "policy.onnx", 0.5, nested=nested)
    after = agent_facts(str(again))
    assert after.weights["policy.onnx"] == before.weights["policy.onnx"]
    assert after.weights["weights.bin"] != before.weights["weights.bin"]
    assert fingerprint(after, "") != fingerprint(before, "")
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(ConfigError, match=r"its data 'weights\.bin' are missing"):
        agent_facts(str(path))


def test_weights_elsewhere_are_refused(tmp_path: Path) -> None:
    path = save_with_external_weights(tmp_path / "policy.onnx", 0.25)
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../weights.bin"
    onnx.save(model, path)
    with pytest.raises(ConfigError, match="outside its folder"):
        agent_facts(str(path))


def test_an_endless_file_is_bounded(tmp_path: Path) -> None:
    """A loop that never ends is valid ONNX, and needs no trust."""
    path = endless(tmp_path / "endless.onnx")
    agent = build_agent(str(path), PLATFORM, overrides=("step_limit=2",))
    try:
        agent.reset(0)
        with pytest.raises(AgentError, match="no answer within 2 s"):
            agent.act(observation(speed=1.0))
    finally:
        close_agent(agent)


def endless(path: Path) -> Path:
    """A policy that loops forever unless the speed is zero, as it is in the check when a file is read."""
    condition_input = [helper.make_tensor_value_info("goes_on_in", TensorProto.BOOL, [])]
    count_input = [helper.make_tensor_value_info("count", TensorProto.INT64, [])]
    condition_output = [helper.make_tensor_value_info("goes_on_out", TensorProto.BOOL, [])]
    carried_values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in ("x_in", "x_out")
    ]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on_in"], ["goes_on_out"]),
            helper.make_node("Cos", ["x_in"], ["x_out"]),
        ],
        "body",
        [*count_input, *condition_input, carried_values[0]],
        [*condition_output, carried_values[1]],
    )
    nodes = [
        helper.make_node("Cast", ["speed"], ["moving_11"], to=TensorProto.BOOL),
        helper.make_node("Squeeze", ["moving_11"], ["moving"]),
        helper.make_node("Loop", ["", "moving", "speed"], ["x"], body=body),
        helper.make_node("Concat", ["x", "x"], ["action"], axis=1),
    ]
    inputs = [helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1, 1])]
    outputs = [helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, 2])]
    graph = helper.make_graph(nodes, "policy", inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


class OtherBias(torch.nn.Module):
    def forward(self, speed: torch.Tensor) -> torch.Tensor:
        return torch.cat([speed * 0.0, speed * 0.0 + 0.1], dim=1)


# --- invalid files ---------------------------------------------------------------------------


def refusal_message(path: Path, overrides: tuple[str, ...] = (), *, trusted: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        build_agent(str(path), PLATFORM, overrides=overrides, trusted=trusted)
    assert "\n" not in str(caught.value) and path.name in str(caught.value)
    return str(caught.value)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    speed = torch.zeros((1, 1))
    assert "no such file" in refusal_message(tmp_path / "none.onnx")
    assert "expected two numbers" in refusal_message(
        onnx_file(tmp_path / "a.onnx", ThreeNumbers(), speed=speed)
    )
    lidar = onnx_file(tmp_path / "b.onnx", NeedsLidar(), lidar=torch.zeros((1, 9)))
    assert "'lidar'; an observation has image, image_age, speed" in refusal_message(lidar)
    small = onnx_file(tmp_path / "c.onnx", OtherSize(), image=torch.zeros((1, 84, 84, 3), dtype=torch.uint8))
    assert "[1, 84, 84, 3]; expected [1, 256, 640, 3]" in refusal_message(small)
    broken = tmp_path / "d.onnx"
    broken.write_bytes(b"not a network")
    assert "no ONNX file that can be run" in refusal_message(broken)
    assert "there are: in_process, step_limit" in refusal_message(
        onnx_file(tmp_path / "e.onnx", Cruise(), image=IMAGE, speed=speed), ("a=1",)
    )


def test_nothing_is_unpickled_without_trust(tmp_path: Path, cruise_script: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (Path(tmp_path / "harm"),)  # type: ignore[return-value]

    harmful = tmp_path / "model.zip"
    with zipfile.ZipFile(harmful, "w") as archive:
        archive.writestr("data", pickle.dumps(Harm()))
    assert "add --trust" in refusal_message(harmful)
    assert not (tmp_path / "harm").exists()
    assert "add --trust" in refusal_message(cruise_script)
    assert "is no file that Stable-Baselines3 saved" in refusal_message(harmful, trusted=True)
    assert not (tmp_path / "harm").exists()


# --- Stable-Baselines3 ---------------------------------------------------------------------------


def save_model(path: Path, algorithm: type[PPO] | type[A2C] | type[SAC], keys: tuple[str, ...]) -> Path:
    env = HighwayEnv("cruise", camera="image" in keys)
    space = spaces.Dict({key: env.observation_space[key] for key in keys})  # type: ignore[index]
    env.observation_space = space  # type: ignore[assignment]
    policy_kwargs = (
        {"net_arch": [8], "features_extractor_kwargs": {"cnn_output_dim": 8}}
        if "image" in keys
        else {"net_arch": [8]}
    )
    buffer = {"buffer_size": 10} if algorithm is SAC else {}
    algorithm("MultiInputPolicy", env, policy_kwargs=policy_kwargs, device="cpu", **buffer).save(path)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("algorithm", [PPO, A2C, SAC])
def test_sb3_files_of_each_algorithm_drive(
    algorithm: type[PPO] | type[A2C] | type[SAC], tmp_path: Path
) -> None:
    path = save_model(tmp_path / "model.zip", algorithm, ("speed", "command", "speed_limit", "blind_spot"))
    agent = ForeignAgent(path, PLATFORM, trusted=True)
    first, second = agent.act(observation(5.0)), agent.act(observation(5.0))
    assert first == second  # the mean action, no draw
    model = algorithm.load(path, device="cpu")
    arrays = {key: observation_arrays(observation(5.0))[key] for key in model.observation_space.spaces}  # type: ignore[attr-defined]
    expected, _ = model.predict(arrays, deterministic=True)
    assert first.steering == pytest.approx(float(expected[0]) * PLATFORM.car.max_steering)


def test_an_sb3_policy_with_the_image_drives_in_the_world(tmp_path: Path) -> None:
    path = save_model(tmp_path / "image.zip", PPO, ("image", "speed"))
    env = DrivingEnv(EnvSpec("cruise"))
    try:
        agent = build_agent(str(path), env.platform, trusted=True)
        arrays = env.reset(100_000)
        for _ in range(3):
            arrays = env.step(agent.act(arrays)).observation
    finally:
        env.close()
    assert agent.trace is not None
