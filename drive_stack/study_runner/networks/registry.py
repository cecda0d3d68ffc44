"""The networks by the names that the plan uses, and the arms that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.evaluation.run_facts import Driver
from drive_stack.policy import affordance_network, track_policy
from drive_stack.study.config import StudyPlan
from drive_stack.study.running_plan import NetworkRule
from drive_stack.study_runner.networks.affordances import AffordancesNetwork
from drive_stack.study_runner.networks.detector import DetectorNetwork
from drive_stack.study_runner.networks.lanes import LanesNetwork
from drive_stack.study_runner.networks.mid_to_end import MakePerception, read_mid_to_end
from drive_stack.study_runner.networks.policy import TRUNK, PolicyNetwork
from drive_stack.study_runner.networks.protocol import NetworkTraining

AFFORDANCES, TRACK_POLICY = affordance_network.WEIGHTS.name, track_policy.WEIGHTS.name


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """How the training of a network is read from the plan."""

    # from a file in the folder of trainings; the last argument makes the perception of a driver
    read: Callable[[Path, NetworkRule, MakePerception], NetworkTraining]
    needs: tuple[str, ...] = ()  # networks of the same subset and seed that are trained before
    has_head: bool = False  # it can be trained alone, in a second phase


@dataclass(frozen=True, slots=True)
class Arm:
    """A driver whose networks the study trains.

    Arms that list the same network share its training: the same subset, the same seed, the same weights.
    """

    agent: str  # registered name
    weights: Mapping[str, tuple[str, str]]  # key of the agent's configuration → network and file
    overrides: tuple[str, ...] = ()

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks whose weights it loads, in the order of their names."""
        return tuple(sorted({network for network, _ in self.weights.values()}))

    def driver(self, folders: Mapping[str, Path]) -> Driver:
        """The driver with the weights in these folders, by network."""
        weights = [f"{key}={folders[network] / file}" for key, (network, file) in self.weights.items()]
        return Driver(agent=self.agent, overrides=(*self.overrides, *weights))


PERCEPTION: Mapping[str, tuple[str, str]] = {
    "perception.detector_weights": ("detector", "detector.int8.onnx"),
    "perception.lanes_weights": ("lanes", "lanes.onnx"),
}
KINDS: Mapping[str, NetworkKind] = {
    "detector": NetworkKind(lambda path, rule, _: DetectorNetwork.read(path, rule)),
    "lanes": NetworkKind(lambda path, rule, _: LanesNetwork.read(path, rule)),
    "mid_to_end": NetworkKind(
        lambda path, rule, make: read_mid_to_end(path, rule, make, PERCEPTION), ("detector", "lanes")
    ),
    "affordances": NetworkKind(lambda path, rule, _: AffordancesNetwork.read(path, rule)),
    "policy": NetworkKind(lambda path, rule, _: PolicyNetwork.read(path, rule), has_head=True),
    "policy_plain": NetworkKind(lambda path, rule, _: PolicyNetwork.read(path, rule), has_head=True),
    # drives parts of the pool
    "student": NetworkKind(lambda path, rule, _: PolicyNetwork.read(path, rule), has_head=True),
}
_ONE_THREAD = "perception.threads=1"
ARMS: Mapping[str, Arm] = {
    "modular": Arm("modular", PERCEPTION, (_ONE_THREAD,)),
    "mid_to_end": Arm("mid_to_end", {**PERCEPTION, "weights": ("mid_to_end", TRACK_POLICY)}, (_ONE_THREAD,)),
    "affordances": Arm("affordances", {"weights": ("affordances", AFFORDANCES)}),
    "end_to_end": Arm("end_to_end", {"weights": ("policy", TRUNK)}),
    "end_to_end_plain": Arm("end_to_end", {"weights": ("policy_plain", TRUNK)}),
}
_ORACLES = (
    "perception.detector=none",  # the oracle tracker reads no detections
    "perception.lanes=oracle",
    "perception.grip=oracle",
    "tracking.tracker=oracle",
    "prediction.predictor=oracle",
    "control.lateral=oracle",
    "control.longitudinal=oracle",
)
REFERENCES: Mapping[str, Driver] = {  # drivers that learn nothing here
    "modular_oracles": Driver(agent="modular", overrides=_ORACLES),
    "expert": Driver(agent="expert"),
    "constant": Driver(agent="constant"),
}


def read_networks(
    plan: StudyPlan, trainings: Path, perception: MakePerception
) -> Mapping[str, NetworkTraining]:
    """The networks of the plan; ``trainings`` is the folder of their configurations.

    ``perception`` makes the perception of the driver `mid_to_end` from overrides of its configuration.

    Raises:
        ConfigError: the plan names an unknown network or gives it a rule that it cannot have, or a
            configuration cannot be used.
    """
    unknown = [name for name in plan.networks if name not in KINDS]
    if unknown:
        raise ConfigError(f"networks: there is no network '{unknown[0]}'; there are: {', '.join(KINDS)}")
    for name, rule in plan.networks.items():
        if rule.head_updates is not None and not KINDS[name].has_head:
            raise ConfigError(f"networks.{name}.head_updates: only a policy has a head that learns alone")
    return {
        name: KINDS[name].read(trainings / rule.config, rule, perception)
        for name, rule in plan.networks.items()
    }


def find_arm(name: str) -> Arm:
    """An arm that the study can train. Raises `ConfigError` for another one."""
    if name not in ARMS:
        raise ConfigError(f"arm '{name}' cannot be trained yet; these can: {', '.join(ARMS)}")
    return ARMS[name]


def with_inputs(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Networks and what they are trained on top of, each after its inputs."""
    ordered: dict[str, None] = {}
    for name in networks:
        ordered |= dict.fromkeys((*with_inputs(KINDS[name].needs), name))
    return tuple(ordered)
