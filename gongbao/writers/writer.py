"""What a run hands to its outputs."""

from __future__ import annotations

from typing import Any

from gongbao.answers import Words


class Writer:
    """Takes what comes out of a run, document by document, in order; rows of tables want the paragraphs alone."""

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        """A labelled paragraph, and the spans of its text that carry each label (for outputs that show them)."""
        raise NotImplementedError

    def aside(self, row: dict[str, Any]) -> None:
        """A line set aside: document, line, page, reason, text."""

    def document(self, row: dict[str, Any]) -> None:
        """A document whose paragraphs and asides have all come.

        `document` alone comes of a file that broke off, and of one whose rest is another shard's.
        """
