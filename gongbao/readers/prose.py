"""What a passage of a page says by its words: prose, furniture of the site, a publisher's line, an attachment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gongbao import metadata
from gongbao.readers.elements import Passage

_SENTENCE = re.compile(r"[。！？；!?]")
_ENDED = re.compile(r"[。！？；!?：][”’）)」』》】]*$")
_PROSE = 20
LINKED = 0.5
"""The share of links from which a passage is a menu's."""
MUCH_PROSE = 0.3
"""A menu or a box of teasers may hold some prose; an element with more of it is the article, however it is called."""
_SHORT = 200
_MARKS = re.compile(r"\W+")
_WORDS = re.compile(
    r"(?:相关|推荐|延伸|热点|热门|最新|更多)(?:阅读|链接|新闻|稿件|文章|文件|解读|报道|信息|推荐|资讯|内容)[：:》>\s]*"
    r"|(?:友情|网站|站点)(?:链接|地图|导航)"
    r"|(?:设为首页|加入收藏|联系我们|关于我们|网站声明|返回列表|保护视力色)[：:]?"
    r"|(?:请|使用|打开|用|微信|手机|[“”\"])*(?:扫一扫|扫描二维码|扫码(?=关注|分享|阅读|浏览|打开|查看))[^。！？；，]{0,24}"
    r"|(?:我要)?(?:分享到|分享至|收藏本页)[：:\s].{0,40}"
    r"|(?:一键)?分享(?:到|至)(?:微信|微博|新浪微博|朋友圈|QQ|QQ空间|空间|好友|[、，,/\s])+"
    r"|[“”\s]*(?:网友|网民|用户|读者)?(?:的)?(?:评论|留言|跟帖)(?:内容)?(?:仅供|只代表|仅代表|不代表|仅表达).{0,80}"
    r"|(?:上一[篇条页]|下一[篇条页])[：:].{0,80}"
    r"|[【\[]?\s*(?:打印|关闭|收藏|分享)[】\]\s【\[|]+(?:打印|关闭|收藏|分享|本页|窗口).{0,12}"
)
_REGISTERED = re.compile(r"ICP备|ICP证|公网安备|网站标识码|All Rights Reserved", re.I)
_COLOPHON = re.compile(
    r"版权所有|(?:主办|承办)(?:单位)?[：:]|技术支持[：:]|Copyright|©|网站地图|建议使用.{0,30}浏览", re.I
)
_PUBLISHED = re.compile(
    r"(?:[发印成][布发文](?:时间|日期)|时间|日期)?[：:]?\s*\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2}\s*日?"
    r"(?:\s*\d{1,2}[:：]\d\d(?:[:：]\d\d)?)?"
    r"(?:\s+[^。！？；，]{0,40}(?:来源|发布|浏览|阅读|点击|访问|作者|编辑|字号|字体)[^。！？；，]{0,60}"
    r"|\s+[\u4e00-\u9fff]{1,12}(?:报|网|社|台|客户端|在线|频道))?"
)
_ATTACHED = re.compile(r"附件|附[：:1-9]|附表|附录")
_NUMBERED = re.compile(r"[\d一二三四五六七八九十]{1,3}\s*[.．、]|附")


def is_prose(passage: Passage) -> bool:
    """Whether a passage is long, holds a sentence, and is hardly made of links."""
    text = passage.text
    if len(text) < _PROSE or passage.linked >= MUCH_PROSE:
        return False
    return has_sentence(text) and not is_colophon(text, alone=False) and not is_furniture(text)


def may_count(passage: Passage) -> bool:
    """Whether trafilatura's word for a passage counts: it is no mere word, no links, no colophon."""
    return len(passage.text) >= 8 and passage.linked < MUCH_PROSE and not is_colophon(passage.text, alone=True)


def has_sentence(text: str) -> bool:
    return _SENTENCE.search(text) is not None


def is_sentence(text: str) -> bool:
    """Whether a text is long enough for prose, and holds a sentence."""
    return len(text) >= _PROSE and has_sentence(text)


def is_whole(text: str) -> bool:
    """Whether a text is a paragraph though all of it is a link."""
    return len(text) >= _PROSE and _ENDED.search(text) is not None


def is_furniture(text: str) -> bool:
    """Whether a text leads on or away: 相关阅读, 扫一扫, 上一篇.

    >>> [is_furniture(text) for text in ("扫一扫在手机打开当前页", "分享到微信", "推行“扫码入园”便民措施")]
    [True, True, False]
    """
    return _WORDS.fullmatch(text) is not None


def is_colophon(text: str, *, alone: bool) -> bool:
    """Whether a text says who runs the site; 主办单位：… does so only where it stands `alone`, outside the article."""
    if len(text) >= _SHORT:
        return False
    return _REGISTERED.search(text) is not None or (alone and _COLOPHON.search(text) is not None)


def is_published(text: str) -> bool:
    """Whether a text opens with the day of publication and has its source or nothing after it; a bare date is none."""
    return _PUBLISHED.fullmatch(text) is not None and not metadata.is_date(text)


def is_attached(passages: Sequence[Passage], index: int) -> bool:
    """Whether a link leads to what is attached, a part of the document: 附件：1.… and the numbers that follow it."""
    for back in range(index, max(-1, index - 30), -1):
        if _ATTACHED.match(passages[back].text):
            return True
        if not _NUMBERED.match(passages[back].text):
            return False
    return False


def shape_of(text: str) -> str:
    """A text without blanks and punctuation, by which to know it again."""
    return _MARKS.sub("", text)
