"""Paragraphs to sentences: a partition of the text, by punctuation alone."""

from __future__ import annotations

import re

from gongbao.documents import Sentence

CLOSING = "」』”’〞）】》〉〕］｝)]}"
"""Quotes and brackets that close: they stay with the sentence that ends before them."""

# Half-width ; ! ? end a sentence only after Chinese (or after a half-width bracket or per cent sign before Chinese) and
# never in front of the rest of a URL: `搜索?q=1` goes on, as do `a.b/?x=1;y` and `Yahoo! Inc`.
_CHINESE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uffef\U00020000-\U0003ffff”’"
_END = re.compile(
    rf"(?:[。！？；]|(?<=[{_CHINESE}])[;!?](?![\w%.-]{{0,40}}[&=/#])|(?<=[)%])[;!?](?=[{_CHINESE}“‘]))"
    rf"[。！？；;!?…⋯{re.escape(CLOSING)}]*"
)
_STRAIGHT = '"＂'
_SPACE = re.compile(r"\s*")


def split_sentences(text: str) -> list[Sentence]:
    """Split a paragraph into sentences, which end in 。！？； with the quotes and brackets closing after them.

    The sentences partition the text: joined with nothing between they are the text again, whatever it holds; white
    space after a sentence belongs to it. A run of terminators (！！, ？！, 。……) stays together. A terminator inside an
    unclosed quote or bracket ends a sentence too: the labelled data are cut so. A straight quote after a terminator
    closes if an odd number of them came before it in the paragraph, and otherwise opens the next sentence.

    >>> [s.text for s in split_sentences("他说：“好！”大家鼓掌；增长3.5%。完")]
    ['他说：“好！”', '大家鼓掌；', '增长3.5%。', '完']
    >>> split_sentences("𠮷。好")[1]
    Sentence(text='好', start=2, end=3)
    """
    sentences = []
    start, seen, quotes = 0, 0, 0
    for match in _END.finditer(text):
        if match.end() <= start:
            continue
        end = match.end()
        quotes += _straight(text, seen, end)
        seen = end
        if end < len(text) and text[end] in _STRAIGHT and quotes % 2:
            end += 1
        space = _SPACE.match(text, end)
        end = space.end() if space else end
        sentences.append(Sentence(text[start:end], start, end))
        start = end
    if start < len(text):
        sentences.append(Sentence(text[start:], start, len(text)))
    return sentences


def _straight(text: str, start: int, end: int) -> int:
    return sum(text.count(quote, start, end) for quote in _STRAIGHT)
