"""Words for pages: what a reader sees of counts, names and control characters."""

from __future__ import annotations

import re

from conftest import ROOT

from eval.markdown import table
from eval.words import clean, many, plain, shorten


def test_one_is_singular():
    assert [many(n, "paragraph") for n in (0, 1, 2, 12345)] == [
        "0 paragraphs", "1 paragraph", "2 paragraphs", "12,345 paragraphs",
    ]  # fmt: skip


def test_control_characters_do_nothing_and_others_stay():
    # Escape, a direction override, a zero-width space, a soft hyphen; then line feed, tab, Chinese, an emoji.
    assert clean("\x1b\u202e\u200b\xad\r\x85") == "�" * 6
    assert clean("a\n\t　“改革”——😀é") == "a\n\t　“改革”——😀é"


def test_nothing_is_a_tag_in_markdown():
    assert plain("</b><!-- 5 < 6 <img>") == "\\</b>\\<!-- 5 < 6 \\<img>"
    assert "| \\<b>a\\|b |" in table(("x",), [["<b>a|b"]])


def test_names_lose_their_middle():
    assert shorten("encoder") == "encoder"
    long = shorten("a" * 40 + "z")
    assert (len(long), long[0], long[-1]) == (28, "a", "z")
    # Chinese characters take two columns.
    assert shorten("长" * 40) == "长" * 7 + "…" + "长" * 6
    assert shorten("a\x00\nb") == "a� b"


def test_no_template_breaks_a_line_before_percent():
    for path in (ROOT / "eval" / "templates").iterdir():
        text = re.sub(r"\{%.*?%\}|/\*.*?\*/|<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"(\d|\}\}) %", text), path.name
