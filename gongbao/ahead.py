"""One step ahead: the next item is made while the last one is used."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
NAME = "gongbao-ahead"


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order; a thread makes the next one meanwhile, and no more than that one.

    An exception in the making is raised where its item would have come.

    >>> list(ahead(x * x for x in range(4)))
    [0, 1, 4, 9]
    """
    source, end = iter(items), object()
    pool = ThreadPoolExecutor(1, NAME)
    try:
        coming = pool.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, source, end)
            yield item  # type: ignore[misc]
    finally:
        # Not waited for: it may wait for standard input, which need not come.
        pool.shutdown(wait=False, cancel_futures=True)


def stuck(seconds: float = 1.0) -> bool:
    """Whether such a thread still makes an item after so many seconds: a process that ends would wait for it."""
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]
    for thread in threads:
        thread.join(seconds)
    return any(thread.is_alive() for thread in threads)
