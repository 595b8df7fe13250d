"""What is set apart from the text of a document: datelines, bylines, captions, page numbers, navigation.

The patterns are narrow on purpose: a stray credit among the paragraphs costs a glance, a sentence lost costs trust.
Reasons: `dateline`, `byline`, `source`, `caption`, `note` (who passed a document, where a report was given),
`speaker`, `letterhead` (机密, 特急, 某某文件), `licence` (copyright, a site's registration), `page-number`,
`running-head`, `jump` (下转第二版), `navigation`, `document-number` (国发〔2024〕5号), `date`, `issuer` (who signs,
above the date), `contents` (an entry with dots that lead to its page). Readers add what their formats know:
`footnote`, `comment`, `hidden`, `markup`, `empty-row`, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gongbao import metadata

_SURNAMES = (
    "习王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷龙黎史陶贺毛段郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文兰庄殷施洪樊"
    "牛翟温季俞章鲁葛倪毕聂齐伍柳邢岳骆焦柯左欧甘祝包关耿裴涂詹尚纪项凌梅盛童柴房冉宁蒲闵饶解霍游阮娄苗古麦焉尤时信蓝卓"
    "褚娟费屈艾单成管花佘楼卞鞠"
)
_HAN = "[\u4e00-\u9fff]"
_NAME = (
    rf"(?:[{_SURNAMES}](?:{_HAN}{{1,2}}| {_HAN})|(?:欧阳|司马|上官|诸葛|尉迟|皇甫){_HAN}{{1,2}}"
    rf"|{_HAN}{{1,6}}[·•]{_HAN}{{1,8}})"
)
_NAMES = rf"{_NAME}(?:[\s、，,]+{_NAME}){{0,9}}"
_PRESS = r"(?:[\u4e00-\u9fff·]{0,12}(?:记者|通讯员|特派员|评论员))"
_DESK = (
    "(?:责任编辑|执行编辑|责编|编辑|美编|校对|审核|审校|监制|统筹|策划|撰稿|撰文|作者|文字|摄影|供稿|来稿|版式|"
    "初审|复审|终审|值班编委)"
)
# `策划方案` is no credit to somebody called 方案: only a reporter's name may follow its role directly, in brackets.
_CREDITED = rf"(?:{_PRESS}|{_DESK})(?:\s*[：:]\s*|\s+){_NAMES}"
_OFFICE_END = "局厅委办部区市县省会院处镇乡村组科室行社站所州盟旗团队"
_COUNT = r"[\d一二三四五六七八九十百]"
_YEAR = rf"(?:{metadata.YEAR})\s*年"
_DATE = rf"{_YEAR}\s*{_COUNT}{{1,3}}\s*月\s*(?:{_COUNT}{{1,3}}\s*日)?"
_LONGEST = 300

_PAGE_NUMBER = re.compile(
    r"[-—–―－·•]{1,3}\s*\d{1,4}\s*[-—–―－·•]{1,3}|\d{1,3}|\d{1,4}\s*/\s*\d{1,4}|[Pp]age\s+\d{1,4}(?:\s+of\s+\d{1,4})?|"
    rf"第\s*{_COUNT}{{1,5}}\s*页(?:[\s/／,，]*共\s*{_COUNT}{{1,5}}\s*页)?"
)
_JUMP_TEXT = (
    r"(?:上接|下转|紧接|转接|接|转)\s*(?:[A-Z]?\d{1,2}|第\s*[A-Z\d一二三四五六七八九十]{1,3})\s*版"
    r"[^。！？；，,（）()]{0,12}"
)
_JUMP = re.compile(rf"[（(【\[▲▼◀▶◆\s]*{_JUMP_TEXT}[)）】\]▲▼◀▶◆\s]*")
_JUMP_HEAD = re.compile(rf"[（(【\[]{_JUMP_TEXT}[)）】\]]\s*")
_JUMP_TAIL = re.compile(rf"\s*[（(【\[]{_JUMP_TEXT}[)）】\]]$")
_FOLIO = re.compile(rf"{_DATE}\s*星期[一二三四五六日天](?:\s.{{0,30}})?")
_NAVIGATION = frozenset(
    re.findall(
        r"\w+",
        """下载 全屏 收藏 加大 还原 减小 分享 打印 字号 字体 放大 缩小 默认 关闭 关闭窗口 关闭本页 返回 返回顶部
        返回首页 返回列表 首页 上一篇 下一篇 上一页 下一页 打印本页 打印页面 分享到 微信 微博 点赞 评论 扫一扫
        纠错 我要纠错 朗读 播放 复制链接 无障碍阅读 手机版 繁体 大 中 小""",
    )
)
_SIZES = frozenset("大中小")
_TRAIL = re.compile(r"(?:当前位置|您的位置|您当前的位置|所在位置|您所在的位置)\s*[：:].{1,80}")
_SOURCE = re.compile(
    r"(?:(?:信息|稿件|文章|新闻)?来源|发布时间|发布日期|发布机构|发布单位|成文日期|浏览次数|阅读次数|点击数|点击次数|访问量)"
    r"\s*[：:][^。！？；、]{0,60}"
)

# An entry of a table of contents: 第一章 总体要求…………1
_ENTRY = re.compile(r"[^.．·‥…]{2,80}(?:[.．·‥…]\s*){3,}[（(]?\s*\d{1,4}\s*[）)]?")
# A site's registration; a copyright notice; 凡本网注明…, 未经本网授权…: a sentence of policy opens with none of these.
_LICENCE = re.compile(
    r"(?=.*(?:ICP备|ICP证|公网安备|网站标识码|All Rights Reserved|©)).{1,160}"
    r"|[^。！？；，]{0,40}版权所有(?:[\s：:，,].{0,60})?"
    r"|(?:凡|未经|版权声明|免责声明|声明[：:]|转载请)(?=.{0,120}(?:本网|本站|本报|本社|本刊|本公众号|转载请))"
    r"(?=.{0,200}(?:转载|版权)).{1,300}",
    re.IGNORECASE,
)
_LICENSED = ("版权", "转载", "ICP", "公网安备", "网站标识码", "eserved", "ESERVED", "©")
# The head of an official letter: 份号, 密级, 紧急程度, 发文机关标志.
_LETTERHEAD = re.compile(
    rf"\d{{5,8}}|(?:绝密|机密|秘密)(?:★.{{0,8}})?|[特加平][急提]|[\u4e00-\u9fff]{{0,56}}{metadata.ORGAN}文件"
)

_CREDIT = re.compile(
    rf"(?:[（(【]\s*)?{_CREDITED}(?:[\s,，、]+{_CREDITED}){{0,5}}\s*[)）】]?"
    rf"|[（(【]\s*{_PRESS}\s*[：:]?\s*{_NAMES}(?:[\s,，、]+{_PRESS}\s*[：:]?\s*{_NAMES}){{0,5}}\s*[)）】]"
)
# 记者： opens a question of an interview as often as a credit, so that only names may follow it.
_CREDIT_COLON = re.compile(rf"[（(【]?\s*{_DESK}\s*[：:][^。！？；，要的了为是在有吗何不将应]{{1,24}}[)）】]?")
_CREDIT_OPEN = re.compile(rf"[\u4e00-\u9fff·]{{0,20}}(?:记者|通讯员)\s*{_NAMES}")
_BARE_NAMES = re.compile(rf"[（(]\s*{_NAMES}\s*[)）]")
_AGENCY = rf"(?:新华社|中新社|{_HAN}{{2,6}}(?:日报|晚报|早报|时报|快报|都市报|商报|网|客户端|电视台|通讯社))"
_WIRE = re.compile(
    rf"[（(]\s*(?:据|综合|转自|原载|摘自)?\s*{_AGENCY}"
    r"(?:[^。！？；，、（）()]{0,16}(?:电|讯|消息|报道|供稿|供图))?\s*[)）]|[（(]\s*完\s*[)）]"
)
_PHOTO = re.compile(
    rf"(?:记者|通讯员|作者)\s*{_NAMES}\s*摄(?:影)?[)）]?。?$"
    r"|(?:社发|报发|资料图片|拍客)[^。！？；，]{0,20}摄(?:影)?[)）]?。?$"
    rf"|[（(]\s*{_NAMES}\s*摄\s*[)）]。?$|\s{_NAME}\s*摄(?:影)?[)）]?。?$"
)
_PICTURED = re.compile(r"[▲▼△]?\s*[上下左右]?图(?:为|①|②|③)(?![强图民先主本，、])")

_NOTE = re.compile(
    rf"[（(]\s*(?:{_DATE})[^。！？]{{0,200}}"
    r"(?:通过|发布|印发|公布|批准|修订|修正|修改|施行|会议|大会|备案)[^。！？]{0,40}[)）]"
)
_OCCASION = re.compile(
    rf"(?:——|――|—|--)?\s*[（(]?{_DATE}\s*在[^。！？；，]{{3,60}}(?:会议|大会|全会|会|座谈)上?"
    r"(?:的讲话|的报告)?[^。！？；，]{0,20}[)）]?"
)
_SPEAKER = re.compile(
    r"[\u4e00-\u9fff·]{0,16}(?:省长|市长|县长|区长|州长|盟长|旗长|主席|主任|书记|总理|院长|检察长|行政长官)"
    rf"\s*[（(]?{_NAME}[)）]?"
)
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        """公告 通告 通知 公报 公示 序言 前言 引言 目录 目次 特急 加急 决定 意见 报告 讲话 附件 附录 附表 说明 摘要 结语
        后记 声明 命令 方案 计划 总则 附则 金融 文化 时间 任务 安全 纪律 管理 林业 石油 高质量 高水平 高技术 高标准
        常态化""",
    )
)
_NAME_LINE = re.compile(rf"{_NAME}|{_HAN}\s+{_HAN}")

_DAY = r"(?:\d{1,2}\s*月\s*)?\d{1,2}\s*日"
_HOUSE = rf"(?:新华社|本报|本刊|中新社|{_HAN}{{2,8}}(?:社|报|网|台|客户端))"
_REPORTERS = r"\s*[（(][^（）()]{0,6}(?:记者|通讯员|采写|首席|实习)[^（）()。]{0,80}[)）]"
_DATELINE = re.compile(
    # 新华社北京7月18日电（记者 …）; 本报7月30日讯
    rf"(?:据\s*)?{_HOUSE}{_HAN}{{0,10}}?\s*{_DAY}\s*(?:电|讯|消息)(?:{_REPORTERS}\s*[：:]?|\s*[：:，,]|\s+|(?!{_HAN}))\s*"
    rf"|(?:据\s*)?(?:新华社|本报|中新社){_HAN}{{0,10}}?\s*{_DAY}\s*电\s*"
    # 本报讯（记者 …）; 现代快报讯 …; 央视网消息：
    rf"|(?:{_HOUSE}|本台|{_HAN}{{2,8}}(?:新闻|在线))(?:讯|消息|电)(?:{_REPORTERS}\s*[：:]?|\s*[：:]|\s)\s*"
)


_FIGURES = re.compile(r"\d{1,9}")
_NO_HEAD = re.compile(
    r"[：:]\s*\S|^\s*(?:附件|附表|附录|附图|表|图|第[一二三四五六七八九十\d]{1,4}[编章节条款])\s*[\d一二三四五六七八九十]*"
)


def line_reason(text: str) -> str | None:
    """Return why a line is no part of the paragraph that it interrupts, or None.

    >>> [line_reason(text) for text in ("- 12 -", "（下转第二版）", "下载 全屏 收藏", "2024年是关键一年。")]
    ['page-number', 'jump', 'navigation', None]
    """
    if len(text) > 120:
        return None
    if _PAGE_NUMBER.fullmatch(text):
        return "page-number"
    if "版" in text and _JUMP.fullmatch(text):
        return "jump"
    if "星期" in text and _FOLIO.fullmatch(text):
        return "running-head"
    if "位置" in text and _TRAIL.fullmatch(text):
        return "navigation"
    if "，" in text or "。" in text:
        return None
    if _ENTRY.fullmatch(text):
        return "contents"
    words = re.split(r"[\s|｜丨【】\[\]：:/A+\-]+", text)
    words = [word for word in words if word]
    if words and all(word in _NAVIGATION for word in words) and not _SIZES.issuperset(words):
        return "navigation"
    return None


def is_contents_name(text: str) -> bool:
    """Tell whether a line is what stands above a table of contents.

    >>> is_contents_name("目　录"), is_contents_name("目录管理")
    (True, False)
    """
    return re.fullmatch(r"目\s*[录錄次]", text.strip()) is not None


def block_reason(text: str, *, front: bool, titled: bool = True) -> str | None:
    """Return why a whole paragraph is set apart, or None.

    `front` says that no body paragraph came before it, `titled` that something did: nobody's name stands first.

    >>> block_reason("（2024年7月18日第三次全体会议通过）", front=True), block_reason("省长 王小明", front=True)
    ('note', 'speaker')
    """
    if len(text) > _LONGEST:
        return None
    if metadata.is_number(text):
        return "document-number"
    if front and _LETTERHEAD.fullmatch("".join(text.split())):
        return "letterhead"
    if metadata.is_date(text):
        return "date"
    if any(word in text for word in _LICENSED) and _LICENCE.fullmatch(text):
        return "licence"
    if _BARE_NAMES.fullmatch(text) and _is_people(text):
        return "byline"
    if _CREDIT.fullmatch(text) or _CREDIT_COLON.fullmatch(text) or _WIRE.fullmatch(text):
        return "byline"
    if _SOURCE.fullmatch(text):
        return "source"
    if (_PICTURED.match(text) and len(text) <= 160) or ("摄" in text[-6:] and _PHOTO.search(text[-60:])):
        return "caption"
    if _NOTE.fullmatch(text):
        return "note"
    if front and _OCCASION.fullmatch(text):
        return "note"
    if front and titled and (_SPEAKER.fullmatch(text) or is_name(text)):
        return "speaker"
    return None


def is_name(text: str) -> bool:
    """Tell whether a line is somebody's name, as under a speech's title.

    >>> is_name("王小明"), is_name("李　明"), is_name("公　告")
    (True, True, False)
    """
    bare = "".join(text.split())
    return _NAME_LINE.fullmatch(text) is not None and bare not in _NO_NAMES and _is_people(text)


def dateline(text: str) -> int:
    """Return the length of the dateline or page jump that a paragraph opens with, 0 if it has none.

    >>> dateline("新华社北京7月18日电（记者 王一）全会指出，"), dateline("新华社记者获悉，")
    (18, 0)
    """
    match = _DATELINE.match(text[:160])
    return match.end() if match and match.end() < len(text) else 0


def jump(text: str) -> int:
    """Return the length of the `（上接第一版）` that a paragraph opens with, 0 if it has none."""
    match = _JUMP_HEAD.match(text[:60])
    return match.end() if match and match.end() < len(text) else 0


def credit(text: str, *, last: bool) -> tuple[int, str] | None:
    """Return where the credit at a paragraph's end begins, and its reason, or None.

    Names without a role (`（王一）`) count only behind a space or at the end of the document (`last`).

    >>> credit("有关方面负责同志列席会议。 （黄伟）", last=False)
    (13, 'byline')
    >>> credit("抓好落实。（高新区）", last=True) is None
    True
    """
    base = max(0, len(text) - 80)
    tail = text[base:]
    found = _JUMP_TAIL.search(tail)
    if found:
        return (base + found.start(), "jump") if base + found.start() else None
    for match in re.finditer(r"(?<=[。！？；…”’）」』])\s*(?=[（(【])", tail):
        rest = tail[match.end() :]
        if _CREDIT.fullmatch(rest) or _WIRE.fullmatch(rest):
            return base + match.start(), "byline"
        if (last or match.group()) and _BARE_NAMES.fullmatch(rest) and _is_people(rest):
            return base + match.start(), "byline"
    for match in re.finditer(r"(?<=[。！？”])\s*", tail):
        rest = tail[match.end() :]
        if rest and len(rest) <= 60 and _CREDIT_OPEN.fullmatch(rest):
            return base + match.start(), "byline"
    return None


def running_heads(edges: Sequence[tuple[int, int, str]], least: int = 3) -> frozenset[int]:
    """Return which lines are running heads: those that stand at the edge of three pages (`least`) or more.

    `edges` holds the first and last lines of the pages as (line, page, text). Figures in them may only be the page's
    number: they grow as the pages do. What says whose or which (责任单位：…, 附件1) is none, though it is repeated.
    """
    groups: dict[str, list[tuple[int, int, str]]] = {}
    for line, page, text in edges:
        if len(text) <= 40 and not _NO_HEAD.search(text):
            groups.setdefault(form(text), []).append((line, page, text))
    found = []
    for group in groups.values():
        steps = {tuple(int(figure) - page for figure in _FIGURES.findall(text)) for _, page, text in group}
        same = len({text for _, _, text in group}) == 1
        if len({page for _, page, _ in group}) >= least and (
            same or any(_grows(steps, at) for at in range(len(min(steps))))
        ):
            found += [line for line, _, _ in group]
    return frozenset(found)


def form(text: str) -> str:
    """A line without what its figures say.

    >>> form("第12版 2026年")
    '第0版 0年'
    """
    return _FIGURES.sub("0", text)


def _grows(steps: set[tuple[int, ...]], at: int) -> bool:
    """Whether one of the figures is the page's number, but for a constant."""
    return len({step[at] for step in steps}) == 1


def _is_people(text: str) -> bool:
    """No name ends like an office: `（高新区）` is not somebody called 高新区."""
    names = re.split(r"[\s、，,（）()]+", text)
    return not any(len(name) > 2 and name[-1] in _OFFICE_END for name in names)
