"""Where the parts of the project are: in a checkout next to `drive_stack`, in an installed wheel inside it.

A wheel holds ``envs``, ``agents``, ``configs`` and ``run_sim.py`` in the package ``drive_stack``, so that no
common name enters site-packages. No other module may depend on the difference.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (PACKAGE / "configs").is_dir()  # as a wheel; an editable installation uses the checkout
HOME = PACKAGE if IS_INSTALLED else PACKAGE.parent  # folder of the other parts
IMPORT_FOLDER = PACKAGE.parent  # on `sys.path`
CONFIGS = HOME / "configs"
MODELS = PACKAGE / "models"
COMMAND = ("drive-stack",) if IS_INSTALLED else ("python", "run_sim.py")
PROGRAM = COMMAND[-1]
SOURCES = (PACKAGE, HOME / "envs", HOME / "agents")  # the code that drives


def module_name(name: str) -> str:
    """Return the name under which a module of the other parts is imported, such as ``envs.highway``."""
    return f"{PACKAGE.name}.{name}" if IS_INSTALLED else name


def project_folder() -> Path:
    """Return the folder whose ``runs/`` receives results: the checkout; with a wheel the current folder."""
    return Path.cwd() if IS_INSTALLED else HOME


def trained_folder() -> Path:
    """Return the folder that receives trained weights: `MODELS`; with a wheel ``runs/models``."""
    return project_folder() / "runs" / "models" if IS_INSTALLED else MODELS
