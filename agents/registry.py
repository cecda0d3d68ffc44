"""Finds drivers by name, by configuration file, or by ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from agents.config import ModularConfig
from agents.end_to_end import EndToEndAgent, EndToEndConfig
from agents.expert import ExpertAgent
from agents.foreign.agent import ForeignAgent, is_foreign
from agents.foreign.isolated.agent import IsolatedAgent, PrivilegedClassError
from agents.foreign.options import IN_PROCESS, ForeignOptions
from agents.foreign.outside_class import Maker, load_class, make_agent, parts_of
from agents.modular import ModularAgent
from drive_stack.config import load_model, unknown_name
from drive_stack.errors import ConfigError
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

    Policies' files and classes of one's own are driven in a process of their own, see `IsolatedAgent`. A
    class that says ``privileged = True`` is built in this one, and called with the platform and ``truth=``.
    ``overrides`` are ``key.sub=value`` for drivers that have a file, and `ForeignOptions` for foreign ones.
    A policy's file that can run code is read only where it is ``trusted``. Raises `ConfigError` in one clear
    line, `AgentError` where it is the agent's own code that fails.
    """
    request = Request(platform, oracles, truth, tuple(overrides))
    registry = _registry()
    if spec in registry.names():
        return registry.build(spec, request)
    if spec in _files():
        return _from_file(_files()[spec], request)
    if spec.endswith((".yaml", ".yml")):
        return _from_file(Path(spec), request)
    if is_foreign(spec) or outside_spec(spec) is not None:
        return _from_outside(spec, request, trusted=trusted)
    if spec in CLASSES.values():
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


def config_of(spec: str, overrides: Sequence[str] = ()) -> DriverConfig | None:
    """The configuration a driver is built from; None for one that has none. Raises as `build_agent`."""
    if spec in _files():
        return _read(_files()[spec], overrides)
    if spec.endswith((".yaml", ".yml")):
        return _read(Path(spec), overrides)
    return None


def outside_spec(spec: str) -> str | None:
    """``package.module:Class`` where a driver is named so and is none of ours; None for any other."""
    return spec if ":" in spec and spec not in CLASSES.values() else None


def sharing_process(spec: str) -> tuple[str, ...]:
    """What ``--in-process`` sets for a driver: nothing, but for one that has a process of its own."""
    return (IN_PROCESS,) if is_foreign(spec) or outside_spec(spec) is not None else ()


def class_of(spec: str) -> Maker:
    """The class of a driver of ours without a configuration, by its name or as ``package.module:Class``."""
    if spec not in CLASSES and spec not in CLASSES.values():
        raise unknown_name("agent", spec, agent_names())
    return load_class(CLASSES.get(spec, spec))


def _by_class(spec: str, request: Request) -> Agent:
    if request.overrides:
        raise ConfigError(f"--set {request.overrides[0]}: this agent has nothing to set")
    return make_agent(spec, class_of(spec), request.platform)


def _from_outside(spec: str, request: Request, *, trusted: bool) -> Agent:
    """In a process of its own, unless it asks for the truth or the options say otherwise."""
    options = ForeignOptions.of(spec, request.overrides)
    if not is_foreign(spec):
        parts_of(spec)
    if not options.in_process:
        with suppress(PrivilegedClassError):
            return IsolatedAgent(spec, request.platform, request.overrides, trusted=trusted)
    if is_foreign(spec):
        return ForeignAgent(Path(spec), request.platform, request.overrides, trusted=trusted)
    return make_agent(spec, load_class(spec), request.platform, request.truth)
