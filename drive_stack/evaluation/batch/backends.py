"""Where episodes are driven: by processes of this machine, or on a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.memory import memory_share
from drive_stack.evaluation.batch.pool import Pool
from drive_stack.evaluation.batch.worker import Drive, Processes, ProcessWorker

if TYPE_CHECKING:
    from drive_stack.evaluation.batch.ray_pool import RayWorker

Backend = Literal["processes", "ray"]


def open_pool(
    backend: Backend, drive: Drive, *, workers: int, time_limit: float, address: str | None = None
) -> Pool[ProcessWorker] | Pool[RayWorker]:
    """A pool of ``workers`` at most at a time, each an episode of at most ``time_limit`` [s] by the clock.

    ``address`` is a Ray cluster's: ``HOST:PORT`` of its head, or ``auto`` for one that runs on this
    machine; else the variable RAY_ADDRESS counts, and without it one is started here for the while.
    Raises `ConfigError` where Ray is not installed, or no cluster answers.
    """
    if backend == "processes":
        if address is not None:
            raise ConfigError(f"--address {address}: belongs to --backend ray")
        return Pool(Processes(drive, memory_share(workers)), workers=workers, time_limit=time_limit)
    try:
        from drive_stack.evaluation.batch.ray_pool import RayCrew  # noqa: PLC0415  only who asks needs it
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ConfigError("--backend ray: Ray is not installed; pip install 'drive-stack[ray]'") from None
    return Pool(RayCrew(drive, workers, address), workers=workers, time_limit=time_limit)
