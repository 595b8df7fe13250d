"""gongbao 公报: labels the paragraphs of Chinese Party and government communiqués by policy domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gongbao.labeler import Labeler

__version__ = "0.2.0"
__all__ = ["Labeler", "__version__"]


def __getattr__(name: str) -> object:
    # Loaded on demand: numpy and pydantic cost a tenth of a second that `gongbao --help` does not have.
    if name == "Labeler":
        from gongbao.labeler import Labeler

        return Labeler
    raise AttributeError(f"module 'gongbao' has no attribute {name!r}")
