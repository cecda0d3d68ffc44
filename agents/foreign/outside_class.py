"""Classes of one's own, named as ``package.module:Class``."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from typing import NoReturn, cast

from drive_stack.agent_errors import AgentError, describe
from drive_stack.config import unknown_name
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Agent, Platform, TruthSource

Maker = Callable[..., Agent]  # a class, or a function that makes an agent


def parts_of(spec: str) -> tuple[str, str]:
    """Module and class of ``package.module:Class``. Raises `ConfigError`, and imports nothing."""
    module, _, name = spec.partition(":")
    if not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise ConfigError(f"agent '{spec}': expected package.module:Class, such as mine:Mine")
    return module, name


def load_class(spec: str) -> Maker:
    """Import a class. Raises `ConfigError` where it is not there, `AgentError` where its module fails."""
    module_name, name = parts_of(spec)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise ConfigError(f"agent '{spec}': {error}") from None
        _failed(f"agent '{spec}': its module cannot be imported", error)
    except (Exception, SystemExit) as error:  # a module may run anything
        _failed(f"agent '{spec}': its module cannot be imported", error)
    if not hasattr(module, name):
        raise unknown_name(f"class of {module_name}", name, [one for one in dir(module) if one[0].isupper()])
    found: object = getattr(module, name)
    if not callable(found):
        raise ConfigError(f"agent '{spec}': it is of type {type(found).__name__}, expected a class")
    return cast(Maker, found)


def make_agent(spec: str, made: Maker, platform: Platform, truth: TruthSource | None = None) -> Agent:
    """Build an agent; ``truth`` is for a class that says ``privileged = True``.

    Raises `AgentError` where that fails, or gives no agent.
    """
    offered = {"truth": truth} if getattr(made, "privileged", False) is True else {}
    try:
        agent = made(platform, **offered)
        missing = [name for name in ("reset", "act") if not callable(getattr(agent, name, None))]
        # what is None until the first step may be missing; what it is called, and whether it reads the truth
        defaults = {"name": getattr(made, "__name__", spec), "privileged": False, "trace": None}
        if not missing:
            for name, value in defaults.items():
                if not hasattr(agent, name):
                    setattr(agent, name, value)
    except (Exception, SystemExit) as error:
        _failed(f"agent '{spec}': it cannot be built", error)
    if missing:
        raise AgentError(f"agent '{spec}': is no agent: it has no method {' and no '.join(missing)}")
    if offered and agent.privileged is not True:
        raise AgentError(f"agent '{spec}': its class says privileged = True, and its object does not")
    return agent


def _failed(what: str, error: BaseException) -> NoReturn:
    details = "".join(traceback.format_exception(error))
    raise AgentError(f"{what}: {describe(error)}", details) from None
