"""Finds drivers by name, by configuration file, or by ``package.module:Class``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from agents.config import ModularConfig
from agents.end_to_end import EndToEndAgent, EndToEndConfig
from agents.expert import ExpertAgent
from agents.foreign.agent import ForeignAgent, is_foreign
from agents.modular import ModularAgent
from drive_stack.config import ConfigError, load_model, unknown_name
from drive_stack.interfaces import Agent, OracleStages, Platform, TruthSource

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "agents"
CLASSES = {  # drivers with nothing to set
    "constant": "agents.baselines:ConstantAgent",
    "random": "agents.baselines:RandomAgent",
    "human": "agents.human:HumanAgent",
}


class _Kind(BaseModel):
    """What a driver's file is read as first."""

    model_config = ConfigDict(extra="ignore")
    kind: str = "modular"


@dataclass(frozen=True, slots=True)
class Request:
    """What a builder is given."""

    platform: Platform
    oracles: OracleStages | None
    truth: TruthSource | None
    overrides: tuple[str, ...]


Builder = Callable[[Request], Agent]
DriverConfig: TypeAlias = ModularConfig | EndToEndConfig


class Registry:
    """Names and the builders behind them."""

    def __init__(self) -> None:
        self._builders: dict[str, Builder] = {}

    def register(self, name: str, builder: Builder) -> None:
        """Add a name. Raises `ValueError` where it is taken."""
        if name in self._builders:
            raise ValueError(f"agent '{name}' is registered twice")
        self._builders[name] = builder

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._builders))

    def build(self, name: str, request: Request) -> Agent:
        """Build by name; raises `ConfigError` with the nearest names for an unknown one."""
        if name not in self._builders:
            raise unknown_name("agent", name, self._builders)
        return self._builders[name](request)


def agent_names() -> tuple[str, ...]:
    """The names `build_agent` knows: registered ones, and files in ``configs/agents``."""
    return tuple(sorted({*_registry().names(), *_files()}))


def build_agent(
    spec: str,
    platform: Platform,
    *,
    oracles: OracleStages | None = None,
    truth: TruthSource | None = None,
    overrides: Sequence[str] = (),
    trusted: bool = False,
) -> Agent:
    """An agent by registered name, name in or path of ``configs/agents``, policy's file, or
    ``package.module:Class``.

    A class of one's own is called with the platform, and with ``truth=`` where it says
    ``privileged = True``. ``overrides`` are ``key.sub=value`` for
    drivers that have a file. A policy's file that can run code is read only where it is ``trusted``.
    Raises `ConfigError` in one clear line.
    """
    request = Request(platform, oracles, truth, tuple(overrides))
    registry = _registry()
    if spec in registry.names():
        return registry.build(spec, request)
    if spec in _files():
        return _from_file(_files()[spec], request)
    if spec.endswith((".yaml", ".yml")):
        return _from_file(Path(spec), request)
    if is_foreign(spec):
        return ForeignAgent(Path(spec), platform, overrides, trusted=trusted)
    if ":" in spec:
        return _by_class(spec, request)
    raise unknown_name("agent", spec, agent_names())


def _registry() -> Registry:
    registry = Registry()
    registry.register("modular", lambda request: _from_file(CONFIGS / "modular.yaml", request))
    registry.register("expert", _expert)
    for name, spec in CLASSES.items():
        registry.register(name, partial(_by_class, spec))
    return registry


def _files() -> dict[str, Path]:
    return {path.stem: path for path in CONFIGS.glob("*.yaml")}


def _from_file(path: Path, request: Request) -> Agent:
    config = _read(path, request.overrides)
    if isinstance(config, EndToEndConfig):
        return EndToEndAgent(config, request.platform)
    return ModularAgent(config, request.platform, request.oracles if config.privileged else None)


def _read(path: Path, overrides: Sequence[str]) -> DriverConfig:
    """A driver's file, by the ``kind`` that it says it is of; modular where it says none."""
    kinds: dict[str, type[DriverConfig]] = {"modular": ModularConfig, "end_to_end": EndToEndConfig}
    kind = load_model(path, _Kind).kind
    if kind not in kinds:
        raise unknown_name(f"kind in {path}:", kind, kinds)
    return load_model(path, kinds[kind], overrides)


def _expert(request: Request) -> Agent:
    config = load_model(CONFIGS / "expert.yaml", ModularConfig, request.overrides)
    return ExpertAgent(config, request.platform, request.oracles)


def _plain(request: Request) -> Platform:
    if request.overrides:
        raise ConfigError(f"--set {request.overrides[0]}: this agent has nothing to set")
    return request.platform


def config_of(spec: str, overrides: Sequence[str] = ()) -> DriverConfig | None:
    """The configuration a driver is built from; None for one that has none. Raises as `build_agent`."""
    if spec in _files():
        return _read(_files()[spec], overrides)
    if spec.endswith((".yaml", ".yml")):
        return _read(Path(spec), overrides)
    return None


def class_of(spec: str) -> type[Agent]:
    """The class of a driver without a configuration, by its name or as ``package.module:Class``."""
    if spec not in CLASSES and ":" not in spec:
        raise unknown_name("agent", spec, agent_names())
    module_name, _, class_name = CLASSES.get(spec, spec).partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigError(f"agent '{spec}': {error}") from None
    if not hasattr(module, class_name):
        raise unknown_name(f"class of {module_name}", class_name, [n for n in dir(module) if n[0].isupper()])
    found: type[Agent] = getattr(module, class_name)
    return found


def _by_class(spec: str, request: Request) -> Agent:
    made: Callable[..., Agent] = class_of(spec)
    truth = {"truth": request.truth} if getattr(made, "privileged", False) is True else {}
    return made(_plain(request), **truth)
