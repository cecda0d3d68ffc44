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
    """Module and class of ``package.module:Class``; imports nothing. Raises `ConfigError` for other text."""
    module, _, name = spec.partition(":")
    if not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise ConfigError(f"agent '{spec}': expected package.module:Class, such as mine:Mine")
    return module, name


def load_class(spec: str) -> Maker:
    """Import a class. Raises `ConfigError` if it does not exist, `AgentError` if its module fails."""
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
        raise unknown_name(
            f"class of {module_name}", name, [entry for entry in dir(module) if entry[0].isupper()]
        )
    loaded: object = getattr(module, name)
    if not callable(loaded):
        raise ConfigError(f"agent '{spec}': it is of type {type(loaded).__name__}, expected a class")
    return cast(Maker, loaded)


def make_agent(spec: str, agent_class: Maker, platform: Platform, truth: TruthSource | None = None) -> Agent:
    """Build an agent; ``truth`` is passed to a class with ``privileged = True``.

    Raises `AgentError` if building fails or the result is no agent.
    """
    truth_arguments = {"truth": truth} if getattr(agent_class, "privileged", False) is True else {}
    try:
        agent = agent_class(platform, **truth_arguments)
        missing = [name for name in ("reset", "act") if not callable(getattr(agent, name, None))]
        # name, privileged and trace are optional for a class
        defaults = {"name": getattr(agent_class, "__name__", spec), "privileged": False, "trace": None}
        if not missing:
            for name, value in defaults.items():
                if not hasattr(agent, name):
                    setattr(agent, name, value)
    except (Exception, SystemExit) as error:
        _failed(f"agent '{spec}': it cannot be built", error)
    if missing:
        raise AgentError(f"agent '{spec}': is no agent: it has no method {' and no '.join(missing)}")
    if truth_arguments and agent.privileged is not True:
        raise AgentError(f"agent '{spec}': its class says privileged = True, and its object does not")
    return agent


def _failed(what: str, error: BaseException) -> NoReturn:
    details = "".join(traceback.format_exception(error))
    raise AgentError(f"{what}: {describe(error)}", details) from None
