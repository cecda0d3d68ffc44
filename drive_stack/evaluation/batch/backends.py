"""Where episodes are driven: in processes of this machine, or on a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.memory import memory_per_worker
from drive_stack.evaluation.batch.scheduler import TaskScheduler
from drive_stack.evaluation.batch.worker import Drive, ProcessPool, ProcessWorker
from drive_stack.support.extras import needs_extra

if TYPE_CHECKING:
    from drive_stack.evaluation.batch.ray_pool import RayWorker

Backend = Literal["processes", "ray"]


def open_scheduler(
    backend: Backend,
    drive: Drive,
    *,
    workers: int,
    time_limit: float,
    address: str | None = None,
) -> TaskScheduler[ProcessWorker] | TaskScheduler[RayWorker]:
    """A scheduler for at most ``workers`` workers at a time.

    Args:
        backend: Processes of this machine, or actors of a Ray cluster.
        drive: Drives one episode; it is pickled for the workers.
        workers: Maximum number of workers.
        time_limit: Wall-clock limit of one episode [s].
        address: Of a Ray cluster: ``HOST:PORT`` of its head, or ``auto`` for one that runs on this machine.
            If it is None, the environment variable RAY_ADDRESS is used; if that is not set either, a cluster
            is started for this batch.

    Raises:
        ConfigError: if Ray is not installed, or no cluster answers.
    """
    if backend == "processes":
        if address is not None:
            raise ConfigError(f"--address {address}: belongs to --backend ray")
        return open_process_scheduler(drive, workers=workers, time_limit=time_limit)
    with needs_extra("ray", "--backend ray"):
        from drive_stack.evaluation.batch.ray_pool import RayPool  # noqa: PLC0415 - an optional dependency
    return TaskScheduler(RayPool(drive, workers, address), workers=workers, time_limit=time_limit)


def open_process_scheduler(
    drive: Drive, *, workers: int, time_limit: float, keeps_workers: bool = False
) -> TaskScheduler[ProcessWorker]:
    """A scheduler for processes of this machine; see `TaskScheduler`."""
    pool = ProcessPool(drive, memory_per_worker(workers))
    return TaskScheduler(pool, workers=workers, time_limit=time_limit, keeps_workers=keeps_workers)
