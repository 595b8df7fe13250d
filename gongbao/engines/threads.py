"""Threads: how many may compute, and what is begun in one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def available() -> int:
    """OMP_NUM_THREADS where it is set, as torch has it, else the processors that this process may run on."""
    given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if given.isdecimal() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def begun(work: Callable[[], T]) -> Future[T]:
    """Begin work that is waited for later: a model opens while documents are read."""
    pool = ThreadPoolExecutor(1, "gongbao-begun")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future
