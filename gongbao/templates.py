"""Templates of pages: one way to open them, for the reading view and for reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbao.lines import clean

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path, *, html: bool = True, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """Open a folder of templates; what is filled in is escaped for HTML, and cleaned unless `finalize` does more."""
    # An import that other formats do without.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=html,
        finalize=finalize or _cleaned,
    )


def _cleaned(value: Any) -> Any:
    return type(value)(clean(value)) if isinstance(value, str) else value
