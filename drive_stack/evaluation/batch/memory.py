"""Keeps a worker within its share of the memory, so that an agent without bounds harms itself alone."""

from __future__ import annotations

import math
import os
import resource
from contextlib import suppress
from pathlib import Path

LEAST = 2 * 2**30  # that a worker may take however many there are; the shipped drivers take half a GiB [B]
GRANT = 64 * 2**20  # [B]
_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_STATUS = Path("/proc/self/statm")


def memory_share(workers: int) -> int:
    """What each of ``workers`` may take of this machine's, or its container's, memory [B]."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        total = min(total, int(_CONTAINER.read_text()))
    return max(total // workers, LEAST)


def limit_memory(limit: int) -> None:
    """From now on this process gets a `MemoryError` for what it would allocate beyond ``limit`` [B].

    Counted is private writable memory. The address space would be a poor measure: libraries and
    threads reserve several times what they use.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [bound for bound in (soft, hard, limit) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(known), hard))


def grant_memory() -> float:
    """Allow a little more, to tell of a failure; returns what the limit was [GiB], infinite for none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return math.inf
    raised = soft + GRANT if hard == resource.RLIM_INFINITY else min(soft + GRANT, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (raised, hard))
    return soft / 2**30


def mostly_used() -> bool:
    """Whether this process holds more than half of its limit: between episodes, a leak."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit == resource.RLIM_INFINITY or not _STATUS.exists():
        return False
    pages = int(_STATUS.read_text().split()[5])
    return 2 * pages * os.sysconf("SC_PAGE_SIZE") > limit
