"""What the commands of training have in common: how they end when something goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer

from gongbao.errors import GongbaoError


def by_epoch(scores: Sequence[Mapping[str, float]]) -> str:
    """A run's scores on dev, for the end of its command."""
    return "dev macro-F1 by epoch: " + ", ".join(f"{row['epoch']:.3g}: {row['macro_f1']:.4f}" for row in scores)


@contextmanager
def one_line() -> Iterator[None]:
    """End a command with one line on standard error: exit code 1 for what the user can mend, 130 for Ctrl-C."""
    try:
        yield
    except GongbaoError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("stopped; --resume goes on from the last checkpoint, or from the start if there is none", file=sys.stderr)
        raise typer.Exit(130) from None
