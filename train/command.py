"""What the commands of training have in common: how they end when something goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from gongbao.errors import GongbaoError


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
