"""A memory limit for each worker, so that an agent that allocates without bounds harms only itself.

Windows has no such limits; the functions do nothing there.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

# each worker may use this much, for any number of workers; the shipped drivers use half a GiB [B]
MIN_LIMIT = 2 * 2**30
EXTRA = 64 * 2**20  # by which the limit is raised to report a failure [B]
_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_STATUS = Path("/proc/self/statm")


def memory_per_worker(workers: int) -> int:
    """Return the memory limit of each of ``workers`` on this machine or in its container [B]."""
    if not hasattr(os, "sysconf"):
        return MIN_LIMIT
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or a container without a limit
        total = min(total, int(_CONTAINER.read_text()))
    return max(total // workers, MIN_LIMIT)


def limit_memory(limit: int) -> None:
    """Make this process raise `MemoryError` when it would allocate more than ``limit`` [B].

    The limit counts private writable memory. The address space is unsuitable, because libraries and threads
    reserve several times what they use.
    """
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    finite = [bound for bound in (soft, hard, limit) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(finite), hard))


def raise_memory_limit() -> float:
    """Raise the limit a little, so that a failure can be reported.

    Returns the limit as it was [GiB], infinity if there was none.
    """
    if resource is None:
        return math.inf
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return math.inf
    raised = soft + EXTRA if hard == resource.RLIM_INFINITY else min(soft + EXTRA, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (raised, hard))
    return soft / 2**30


def memory_is_mostly_used() -> bool:
    """Whether this process uses more than half of its limit, which is a leak between two episodes."""
    if resource is None:
        return False
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit == resource.RLIM_INFINITY or not _STATUS.exists():
        return False
    pages = int(_STATUS.read_text().split()[5])
    return 2 * pages * os.sysconf("SC_PAGE_SIZE") > limit
