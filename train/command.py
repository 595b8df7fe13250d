"""What the commands of training have in common: how they end when something goes wrong."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer

from gongbao.errors import GongbaoError
from train.folder import is_main_process, say

PATIENCE = 10.0
"""Seconds in which the first of several processes is to have said what is wrong."""


def by_epoch(scores: Sequence[Mapping[str, float]]) -> str:
    """A run's scores on dev, for the end of its command."""
    return "dev macro-F1 by epoch: " + ", ".join(f"{row['epoch']:.3g}: {row['macro_f1']:.4f}" for row in scores)


@contextmanager
def one_line() -> Iterator[None]:
    """End a command with one line on standard error: exit code 1 for what the user can mend, 130 for Ctrl-C.

    Of several processes the first says it.
    """
    try:
        with _after_the_first():
            yield
    except GongbaoError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        say("stopped; --resume goes on from the last checkpoint, or from the start if there is none")
        raise typer.Exit(130) from None


@contextmanager
def _after_the_first() -> Iterator[None]:
    """Hold back an error of any process but the first: its launcher ends it if the first one ends with an error.

    What one finds, all find; and if the first ends, the others miss it. Only what one of them met with alone is left,
    and that it says after a while.
    """
    try:
        yield
    except Exception:
        if not is_main_process():
            time.sleep(PATIENCE)
        raise
