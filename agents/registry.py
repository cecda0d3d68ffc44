"""Registry of drivers: by name, by configuration file, or by ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from drive_stack.config import load_model, unknown_name
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Agent, OracleStages, Platform, TruthSource
from drive_stack.support import layout

from .affordances import AffordancesAgent, AffordancesConfig
from .config import ModularConfig
from .end_to_end import EndToEndAgent, EndToEndConfig
from .expert import ExpertAgent
from .foreign.agent import ForeignAgent, is_foreign
from .foreign.isolated.agent import IsolatedAgent, PrivilegedClassError
from .foreign.options import IN_PROCESS, ForeignOptions
from .foreign.outside_class import Maker, load_class, make_agent, parts_of
from .mid_to_end import MidToEndAgent, MidToEndConfig
from .modular import ModularAgent
from .ppo import PpoAgent, PpoConfig

CONFIGS = layout.CONFIGS / "agents"
CLASSES = {  # drivers without settings
    "constant": f"{__package__}.baselines:ConstantAgent",
    "random": f"{__package__}.baselines:RandomAgent",
    "human": f"{__package__}.human:HumanAgent",
}


class _Kind(BaseModel):
    """The kind of a driver file, which determines its full model."""

    model_config = ConfigDict(extra="ignore")
    kind: str = "modular"


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of a builder."""

    platform: Platform
    oracles: OracleStages | None
    truth: TruthSource | None
    overrides: tuple[str, ...]


Builder = Callable[[Request], Agent]
DriverConfig: TypeAlias = ModularConfig | EndToEndConfig | MidToEndConfig | AffordancesConfig | PpoConfig


class Registry:
    """Builders of agents by name."""

    def __init__(self) -> None:
        self._builders: dict[str, Builder] = {}

    def register(self, name: str, builder: Builder) -> None:
        """Register a builder. Raises `ValueError` for a name that is already registered."""
        if name in self._builders:
            raise ValueError(f"agent '{name}' is registered twice")
        self._builders[name] = builder

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._builders))

    def build(self, name: str, request: Request) -> Agent:
        """Build an agent by name. Raises `ConfigError` with similar names for an unknown name."""
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
    """An agent by registered name, name or path of a file in ``configs/agents``, policy file, or
    ``package.module:Class``.

    Policy files and users' classes run in a separate process, see `IsolatedAgent`. A class with
    ``privileged = True`` is built in this process and called with the platform and ``truth=``.
    ``overrides`` are ``key.sub=value`` for drivers with a file, and `ForeignOptions` for foreign ones.
    A policy file that can run code is read only if it is ``trusted``.

    Raises:
        ConfigError: The agent cannot be built; the message is one line.
        AgentError: The agent's own code fails.
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
    if isinstance(config, PpoConfig):
        return PpoAgent(config, request.platform, request.truth)
    if isinstance(config, MidToEndConfig):
        return MidToEndAgent(config, request.platform, request.oracles)
    if isinstance(config, AffordancesConfig):
        truth = request.truth if config.privileged else None
        return AffordancesAgent(config, request.platform, request.oracles, truth)
    return ModularAgent(config, request.platform, request.oracles if config.privileged else None)


def _read(path: Path, overrides: Sequence[str]) -> DriverConfig:
    """Read a driver file as the ``kind`` that it names; the default is modular."""
    kinds: dict[str, type[DriverConfig]] = {
        "modular": ModularConfig,
        "end_to_end": EndToEndConfig,
        "mid_to_end": MidToEndConfig,
        "affordances": AffordancesConfig,
        "ppo": PpoConfig,
    }
    kind = load_model(path, _Kind).kind
    if kind not in kinds:
        raise unknown_name(f"kind in {path}:", kind, kinds)
    return load_model(path, kinds[kind], overrides)


def _expert(request: Request) -> Agent:
    config = load_model(CONFIGS / "expert.yaml", ModularConfig, request.overrides)
    return ExpertAgent(config, request.platform, request.oracles)


def config_of(spec: str, overrides: Sequence[str] = ()) -> DriverConfig | None:
    """The configuration of a driver; None for a driver without one. Raises as `build_agent`."""
    if spec in _files():
        return _read(_files()[spec], overrides)
    if spec.endswith((".yaml", ".yml")):
        return _read(Path(spec), overrides)
    return None


def outside_spec(spec: str) -> str | None:
    """``spec`` if it names a user's class as ``package.module:Class``; otherwise None."""
    return spec if ":" in spec and spec not in CLASSES.values() else None


def in_process_overrides(spec: str) -> tuple[str, ...]:
    """Overrides that ``--in-process`` adds for a driver; empty for one that needs no separate process."""
    return (IN_PROCESS,) if is_foreign(spec) or outside_spec(spec) is not None else ()


def class_of(spec: str) -> Maker:
    """The class of a built-in driver without a configuration, by name or as ``package.module:Class``."""
    if spec not in CLASSES and spec not in CLASSES.values():
        raise unknown_name("agent", spec, agent_names())
    return load_class(CLASSES.get(spec, spec))


def _by_class(spec: str, request: Request) -> Agent:
    if request.overrides:
        raise ConfigError(f"--set {request.overrides[0]}: this agent has nothing to set")
    return make_agent(spec, class_of(spec), request.platform)


def _from_outside(spec: str, request: Request, *, trusted: bool) -> Agent:
    """Build in a separate process, unless the class is privileged or the options choose this process."""
    options = ForeignOptions.of(spec, request.overrides)
    if not is_foreign(spec):
        parts_of(spec)
    if not options.in_process:
        with suppress(PrivilegedClassError):
            return IsolatedAgent(spec, request.platform, request.overrides, trusted=trusted)
    if is_foreign(spec):
        return ForeignAgent(Path(spec), request.platform, request.overrides, trusted=trusted)
    return make_agent(spec, load_class(spec), request.platform, request.truth)
