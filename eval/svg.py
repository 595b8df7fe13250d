"""Figures as SVG whose text is text: the page's fonts draw it, Chinese too."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENLARGED = 1.25
"""How far beyond its own size a figure grows to fill its box."""


@contextmanager
def settings(more: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Leave the user's matplotlib settings aside: the same numbers always make the same bytes."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # The browser has the fonts: that matplotlib's own lacks Chinese never shows.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        ours: Any = {"svg.fonttype": "none", "svg.hashsalt": "gongbao", "text.parse_math": False}
        matplotlib.rcParams.update(ours | dict(more or {}))
        yield


def blank(width: float, height: float) -> Figure:
    """A figure without ground, whose pixels are the units of the SVG."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")


def svg(figure: Figure, title: str, enlarged: float = ENLARGED) -> str:
    """The figure as part of a page: without prolog, size, fonts and style of its own, and ids that nothing uses.

    `title` is what a screen reader says. The figure fills its box, up to `enlarged` times its own size.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.S)
    text = re.sub(r'<g id="[\w.]+"', "<g", text)
    # In the text of an element `<` and `>` are escaped: no name can pass for a tag.
    text = re.sub(r'(<text style="[^"<>]*?)font-family: [^;"<>]*(?:; )?', r"\1", text)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    widest = round(figure.get_figwidth() * 72 * enlarged)
    about = f'role="img" aria-label="{escape(title)}" style="max-width: {widest}px"'
    return text.replace("<svg ", f"<svg {about} ", 1).rstrip()
