"""Registers the environment ``drive_stack/Highway-v0`` with gymnasium when it is imported.

``gymnasium.make(ENV_ID)`` imports this package by the prefix of the id, in a checkout as well as with an
installed wheel. (Since version 1.0, gymnasium no longer reads entry points.)
"""

from gymnasium.envs.registration import register

from drive_stack.support.layout import module_name

_NAME = "drive_stack/Highway-v0"
ENV_ID = f"{__name__}:{_NAME}"

register(id=_NAME, entry_point=f"{module_name('envs')}.highway:HighwayEnv")
