"""Facts about a driver before it is built: what it reads, and what determines how it drives."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.fingerprint import AgentFacts
from drive_stack.perception import detector, lanes_network
from drive_stack.policy import affordance_network, runner, track_policy
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import Card, read_card, sha256_of
from drive_stack.support.extras import needs_extra

from .affordances import AffordancesConfig
from .config import ModularConfig, PerceptionConfig
from .end_to_end import EndToEndConfig
from .foreign.agent import is_foreign
from .foreign.description import describe
from .foreign.options import ForeignOptions
from .foreign.outside_class import parts_of
from .mid_to_end import MidToEndConfig
from .ppo import COMMAND, PpoConfig
from .registry import CLASSES, DriverConfig, class_of, config_of, outside_spec

_HAS_STAGES = (ModularConfig, MidToEndConfig, AffordancesConfig)
_NOT_CONTENT: Mapping[str, bool | set[str]] = {  # of a configuration: what does not influence a drive
    "about": True,
    "weights": True,
    "perception": {"detector_weights", "lanes_weights"},
}


def agent_facts(spec: str, overrides: Sequence[str] = ()) -> AgentFacts:
    """Facts about the agent that `agents.registry.build_agent` would build.

    A user's class may set ``uses_camera = False`` when it needs no image, and lists in ``files`` the data
    files that it reads.

    Raises:
        ConfigError: As `build_agent` does, and for ``human``, which no batch can drive.
    """
    config = config_of(spec, overrides)
    if config is not None:
        return AgentFacts(
            name=config.name,
            privileged=config.privileged,
            uses_camera=config.uses_camera,
            has_stage_trace=isinstance(config, ModularConfig),
            replaceable_stages=config.replaceable_stages if isinstance(config, _HAS_STAGES) else (),
            has_history=isinstance(config, EndToEndConfig),
            # the contents of the weights matter, see `weights` below; their location does not
            content=json.dumps(
                config.model_dump(mode="json", exclude=_NOT_CONTENT, exclude_unset=True), sort_keys=True
            ),
            weights=_hashes(_weights(config)),
        )
    if is_foreign(spec):
        return _foreign(Path(spec), overrides)
    if outside_spec(spec) is not None:
        return _outside(spec, overrides)
    if CLASSES["human"] in (spec, CLASSES.get(spec)):
        raise ConfigError("--agent human: batches run without a window, and a person needs one to drive")
    agent_class = class_of(spec)
    if overrides:
        raise ConfigError(f"--set {overrides[0]}: this agent has nothing to set")
    name, qualified_name = getattr(agent_class, "name", spec), getattr(agent_class, "__qualname__", spec)
    return AgentFacts(
        name=name if isinstance(name, str) else spec,
        privileged=getattr(agent_class, "privileged", False) is True,
        uses_camera=getattr(agent_class, "uses_camera", True) is not False,
        content=f"{qualified_name}\n{inspect.getsource(inspect.getmodule(agent_class) or agent_class)}",
        weights={},
    )


def _foreign(path: Path, overrides: Sequence[str]) -> AgentFacts:
    """Facts about a policy file. Its contents identify it; its location does not."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    ForeignOptions.of(str(path), overrides)
    weights = {path.name: sha256_of(path)}
    if path.suffix == ".onnx":
        with needs_extra("onnx", str(path)):
            from .foreign.onnx_data import external_files  # noqa: PLC0415 - onnx is needed only for such files
        weights |= {location: sha256_of(data) for location, data in external_files(path).items()}
    return AgentFacts(
        path.stem, privileged=False, uses_camera=True, content=str(list(overrides)), weights=weights
    )


def _outside(spec: str, overrides: Sequence[str]) -> AgentFacts:
    """Facts about a user's class. Its code and the files that it lists identify it."""
    parts_of(spec)
    ForeignOptions.of(spec, overrides)
    description, hashes = describe(spec)
    content = {"class": description.qualified_name, "code": {}, "options": list(overrides)}
    content["code"] = {name: hashes[name] for name in description.modules}
    return AgentFacts(
        name=description.name,
        privileged=description.privileged,
        uses_camera=description.uses_camera,
        content=json.dumps(content, sort_keys=True),
        weights={name: hashes[name] for name in description.files},
    )


def _weights(config: DriverConfig) -> list[tuple[Path, str]]:
    """Weights files of the networks that a driver runs, each with the command that trains it."""
    if isinstance(config, EndToEndConfig):
        return [(path, runner.COMMAND) for path in (config.trunk, head_path(config.trunk))]
    if isinstance(config, PpoConfig):
        return [(config.network, COMMAND)]
    if isinstance(config, AffordancesConfig):
        files = (config.trunk, head_path(config.trunk)) if config.uses_camera else ()
        return [(path, affordance_network.COMMAND) for path in files]
    if isinstance(config, MidToEndConfig):
        return [(config.network, track_policy.COMMAND), *_perception_weights(config.perception)]
    return _perception_weights(config.perception)


def _perception_weights(config: PerceptionConfig) -> list[tuple[Path, str]]:
    networks = []
    if config.detector == "yolo":
        networks.append((config.detector_weights or detector.WEIGHTS, detector.COMMAND))
    if config.lanes == "network":
        networks.append((config.lanes_weights or lanes_network.WEIGHTS, lanes_network.COMMAND))
    return networks


def perception_hashes(config: PerceptionConfig) -> Mapping[str, str]:
    """SHA-256 of the weights of a perception's networks by the name of their file.

    Raises `ConfigError` for missing or altered weights.
    """
    return _hashes(_perception_weights(config))


def _hashes(weights: Sequence[tuple[Path, str]]) -> Mapping[str, str]:
    """SHA-256 of weights by the name of their file; a number precedes a name's second use."""
    hashes: dict[str, str] = {}
    for path, command in weights:
        name = path.name if path.name not in hashes else f"{len(hashes)}-{path.name}"
        hashes[name] = read_card(path, command, Card)["sha256"]
    return hashes
