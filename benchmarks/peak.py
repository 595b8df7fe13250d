"""The peak of fp32 matrix multiplication here, and the operations that a model costs a token."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Shape = tuple[int, int, int]
"""Rows, inner dimension, columns."""
SHAPES: tuple[Shape, ...] = ((1024, 384, 1536), (2048, 2048, 2048))
WAYS = ("linear", "prepacked", "prepacked, a product a thread")
TRIES = 5
WORK = 5e9
"""Floating-point operations of a try, so that it is longer than the clock's grain."""


def measure() -> dict[tuple[str, Shape], float]:
    """FLOP/s of each way to multiply and each shape on all threads, the best of some tries."""
    import torch

    threads = torch.get_num_threads()
    found = {}
    with torch.inference_mode():
        for shape in SHAPES:
            rows, inner, columns = shape
            repeats = max(1, round(WORK / (2 * rows * inner * columns)))
            flop = 2 * rows * inner * columns * repeats
            x, weight = torch.randn(rows, inner), torch.randn(columns, inner)
            found[WAYS[0], shape] = flop / _best(_repeated(torch.nn.functional.linear, (x, weight), repeats))
            try:
                packed = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
            except (AttributeError, RuntimeError):
                continue
            arguments = (x, packed, None, "none", [], "")
            work = _repeated(torch.ops.mkldnn._linear_pointwise, arguments, repeats)
            found[WAYS[1], shape] = flop / _best(work)
            # Our engines compute so: where it is faster than one product that all threads share, it is the peak.
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                found[WAYS[2], shape] = threads * flop / _best(_side_by_side(pool, work, threads))
            # A thread that sets its own number also sets the default of new ones.
            torch.set_num_threads(threads)
    return found


def best(measured: Sequence[Mapping[tuple[str, Shape], float]]) -> float:
    """The largest FLOP/s of all rounds, shapes and ways."""
    return max(rate for found in measured for rate in found.values())


def _repeated(product: Callable[..., Any], arguments: tuple[Any, ...], repeats: int) -> Callable[[], None]:
    import torch

    def run() -> None:
        with torch.inference_mode():
            for _ in range(repeats):
                product(*arguments)

    return run


def _side_by_side(pool: ThreadPoolExecutor, work: Callable[[], None], threads: int) -> Callable[[], None]:
    def run() -> None:
        for each in [pool.submit(work) for _ in range(threads)]:
            each.result()

    return run


def _best(work: Callable[[], None]) -> float:
    """The least of some tries' seconds; a first one only warms."""
    seconds = []
    for _ in range(TRIES + 1):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds[1:])


def flop_a_token(config: Mapping[str, Any], width: float) -> float:
    """Floating-point operations of a BERT's layers for a token that attends to `width` tokens: linears and attention.

    >>> flop_a_token({"hidden_size": 2, "intermediate_size": 8, "num_hidden_layers": 1}, 10)
    176
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return config["num_hidden_layers"] * (2 * (4 * hidden * hidden + 2 * hidden * inner) + 4 * width * hidden)


def mean_width(lengths: Sequence[int]) -> float:
    """How many tokens a token attends to, itself included, on average over windows of these lengths.

    >>> mean_width([1, 3])
    2.5
    """
    return sum(length * length for length in lengths) / sum(lengths)
