"""Web pages: main text, what stands around it, encodings, and that nothing is lost of any markup."""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from html_pages import FLAT, GOV, NEWS, TRS
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbao.errors import GongbaoError
from gongbao.lines import inked
from gongbao.readers import read
from gongbao.readers.html import html_lines, mhtml_lines
from gongbao.readers.reading import Reading

PROSE = "全会指出，要坚持稳中求进工作总基调，推动高质量发展。"


def lines(page, encoding=None, reader=html_lines, limit=500_000_000):
    reading = Reading("page", "page", encoding, limit=limit)
    data = page if isinstance(page, bytes) else page.encode()
    made = list(reader(io.BytesIO(data), reading))
    assert sum(inked(line.text) for line in made) == reading.ledger.characters - reading.ledger.blank
    assert [line.number for line in made] == list(range(1, len(made) + 1))
    assert all(one.start + len(one.text) < two.start + 1 for one, two in pairwise(made))
    assert all(line.text == line.text.strip() and inked(line.text) for line in made)
    return made


def kept(page):
    return [line.text for line in lines(page) if line.reason is None]


def apart(page):
    return [(line.text, line.reason) for line in lines(page) if line.reason]


def document(tmp_path, page, name="page.html"):
    path = tmp_path / name
    path.write_bytes(page if isinstance(page, bytes) else page.encode())
    made = read(path)
    assert made.ledger.difference == 0
    return made


def reasons(made):
    found: dict[str, list[str]] = {}
    for aside in made.aside:
        found.setdefault(aside.reason, []).append(aside.text)
    return found


# Whole pages


def test_a_document_of_a_government_site(tmp_path):
    made = document(tmp_path, GOV)
    assert made.title == "澜江省人民政府关于加快数字乡村建设的实施意见"
    assert (made.date, made.number, made.issuer) == ("2026-03-01", "澜政发〔2026〕7号", "澜江省人民政府")
    assert [p.text for p in made.paragraphs] == [
        "澜江省人民政府关于加快数字乡村建设的实施意见",
        "各市、县（区）人民政府，省政府各部门、各直属单位：",
        "为深入贯彻落实党中央、国务院决策部署，加快数字乡村建设，现提出以下意见。",
        "一、总体要求",
        "到2028年，全省行政村千兆光网覆盖率达到95%以上，农村电商年交易额突破600亿元，基层治理更加便捷。",
        "二、重点任务",
        "（一）夯实设施。实施“云上澜江”工程，新建改造农村基站1.2万个。",
        "序号 任务 责任单位",
        "1 建设基站 省通信管理局",
        "2 培训新农人",
        "各地各部门要抓好落实。",
        "附件：1.重点任务分工表",
        "2.名词解释",
        "（此件公开发布）",
    ]
    assert reasons(made) == {
        "page-title": ["澜江省人民政府关于加快数字乡村建设的实施意见_政策_澜江省人民政府网"],
        "navigation": [
            "首页 | English | 登录",
            "澜江省人民政府",
            "省情",
            "政务公开",
            "互动交流",
            "当前位置：首页 > 政策 > 文件",
            "字号：大 中 小 | 打印",
            "分享到：微信微博",
            "扫一扫在手机打开当前页",
            "相关阅读",
            "一图读懂数字乡村建设实施意见",
            "省政府新闻办举行新闻发布会解读实施意见。",
            "主办单位：澜江省人民政府办公厅　网站标识码：9900000001",
            "澜ICP备00000001号　澜公网安备 99000000000001号",
            "版权所有：澜江省人民政府。未经授权不得转载本网站的任何内容。",
            "请启用脚本。",
        ],
        "source": ["2026-03-05 09:30 来源：澜江省人民政府办公厅"],
        "document-number": ["澜政发〔2026〕7号"],
        "caption": ["云桥区数字农场的智能大棚"],
        "issuer": ["澜江省人民政府"],
        "date": ["2026年3月1日"],
        "byline": ["责任编辑：王小明"],
    }


def test_a_page_laid_out_by_tables_in_gb2312(tmp_path):
    made = document(tmp_path, TRS.encode("gb18030"), "page.htm")
    assert (made.encoding, made.title, made.date) == ("gb18030", "临澜市召开全市安全生产工作会议", "2026-04-02")
    assert [p.text for p in made.paragraphs] == [
        "临澜市召开全市安全生产工作会议",
        "4月1日，全市安全生产工作会议召开，市长李大川出席并讲话。",
        "会议指出，去年以来全市安全生产形势总体平稳，但隐患仍然不少。",
        "会议强调，要压实责任，严格执法，坚决防范遏制重特大事故。",
        "各县区、市直有关单位负责人参加会议。",
    ]
    found = reasons(made)
    assert found["byline"] == ["（记者 王小明）"]
    assert found["source"] == ["发布时间：2026-04-02　来源：临澜日报　浏览次数："]
    assert found["navigation"] == [
        "网站首页 新闻中心 政务公开",
        "您现在的位置：首页>新闻中心",
        "热点新闻",
        "临澜江堤加固工程开工",
        "云桥区举办人才洽谈会",
        "【打印本页】【关闭窗口】",
        "上一篇：临澜市举办春季植树活动",
        "主办：临澜市人民政府办公室　承办：临澜市大数据局",
        "澜ICP备00000002号 建议使用1024×768分辨率浏览本站",
    ]


def test_a_page_without_any_containers(tmp_path):
    made = document(tmp_path, FLAT)
    assert [(p.text, p.kind) for p in made.paragraphs] == [
        ("青石镇二〇二六年防汛工作方案", "heading"),
        ("为做好今年防汛工作，确保人民群众生命财产安全，制定本方案。", "body"),
        ("一、工作目标", "heading"),
        ("确保水库不垮坝、河道不决口、人员不伤亡。", "body"),
        ("二、职责分工", "heading"),
        ("各村负责本辖区巡查值守，镇应急办负责统筹协调，卫生院负责医疗救护。", "body"),
    ]
    found = reasons(made)
    assert (found["issuer"], found["date"]) == (["青石镇人民政府"], ["2026年4月18日"])
    assert found["source"] == ["发布日期：2026年4月20日"]
    assert found["navigation"][0] == "首页 通知公告 联系我们" and len(found["navigation"]) == 4


def test_a_news_page_of_html5(tmp_path):
    made = document(tmp_path, NEWS)
    assert [p.text for p in made.paragraphs] == [
        "云桥区：小田变大田 种粮更省心",
        "立夏时节，云桥区的田野上机声隆隆。",
        "“过去一块地分成七八片，现在连成了一大片。”种粮大户张大山说，每亩能省下近百元。",
        "把小田变成大田，关键是让农民得实惠。",
        "全区已完成小田变大田三万亩；",
        "今年计划再完成两万亩。",
        "区农业农村局负责人表示，下一步将完善社会化服务体系，让种粮更省心。",
    ]
    found = reasons(made)
    assert found["caption"] == ["农机手在平整土地"] and found["hidden"] == ["隐藏的统计代码说明文字"]
    assert found["source"] == ["2026-05-06 08:00 来源：澜江日报"]
    assert "记者手记：走进春天的田野，听见丰收的声音。" in found["navigation"]
    assert "说得真好，希望我们村也能早一点搞起来！" in found["navigation"]


@pytest.mark.parametrize("page", [GOV, TRS, FLAT, NEWS])
def test_a_page_is_read_the_same_every_time(page):
    page = page.replace("gb2312", "utf-8")
    assert lines(page) == lines(page)


# Blocks


def test_source_line_ends_vanish_between_chinese_characters_and_blanks_are_one():
    assert kept(f"<p>全会\n  指出，\r\n办好Open\n Day   活动</p><p>{PROSE}</p>")[0] == "全会指出，办好Open Day 活动"
    assert kept(f"<p>第一章 总则<p>{PROSE}")[0] == "第一章 总则"
    assert kept(f"<p><span>张三</span>\n<span>李四</span><p>{PROSE}")[0] == "张三 李四"


def test_inline_elements_do_not_split_and_br_does():
    made = lines(f"<div>全<b>会</b><a href=x>指</a><font>出</font><sup>1</sup><br>二<br><br>　　{PROSE}</div>")
    assert [(line.text, line.indent, line.gap) for line in made] == [
        ("全会指出1", 0, False),
        ("二", 0, False),
        (PROSE, 2, True),
    ]


def test_levels_of_headings_and_bold_lines():
    page = f"<div id=content><h1>全会公报</h1><h2>一、改革</h2><p>{PROSE}</p><p><strong>加强领导</strong></p>"
    page += f"<p><b>一是</b>{PROSE}</p><h4>二、开放</h4><p>{PROSE}</p></div>"
    made = [(line.text, line.level) for line in lines(page) if line.text[-1] != "。"]
    assert made == [("全会公报", 0), ("一、改革", 2), ("加强领导", 7), ("二、开放", 4)]


def test_an_element_of_class_title_is_the_title():
    made = lines(f"<title>澜江省委全会公报-澜江网</title><div class=big-title>澜江省委全会公报</div><div>{PROSE}</div>")
    assert [(line.text, line.level) for line in made][1] == ("澜江省委全会公报", 0)


def test_rows_of_data_are_lines_and_tables_of_layout_are_not():
    data = "<table><tr><th>序号</th><th>任务</th></tr><tr><td>1</td><td>建<br>站<p>点</p></td></tr></table>"
    made = [(line.text, line.whole) for line in lines(f"<p>{PROSE}</p>{data}<p>{PROSE}</p>")]
    assert made[1:-1] == [("序号\t任务", True), ("1\t建 站 点", True)]
    layout = f"<table><tr><td>{data}<p>{PROSE}</p></td><td><p>{PROSE}</p></td></tr></table>"
    made = [(line.text, line.whole) for line in lines(layout)]
    assert made == [("序号\t任务", True), ("1\t建 站 点", True), (PROSE, False), (PROSE, False)]
    long = f"<table><tr><td>栏目</td><td><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></td></tr></table>"
    assert [line.whole for line in lines(long)] == [False] * 5


def test_what_is_set_apart_by_its_element():
    page = f"<p>{PROSE}</p><p>赣<ruby>江<rp>(</rp><rt>jiāng</rt><rp>)</rp></ruby>奔流。</p><button>提交</button>"
    page += f"<select><option>甲</select><textarea>评论</textarea><p aria-hidden=true>隐</p><p hidden>藏</p><p>{PROSE}"
    assert kept(page) == [PROSE, "赣江奔流。", PROSE]
    assert [reason for _, reason in apart(page)] == ["ruby", *["navigation"] * 3, "hidden", "hidden"]


def test_scripts_styles_templates_and_comments_are_no_text():
    page = (
        f"<script>'<p>{PROSE}'</script><style>p{{}}</style><template><p>{PROSE}</template><!-- 注 --><p alt=x>{PROSE}"
    )
    assert [line.text for line in lines(page)] == [PROSE]
    assert lines("<script>1</script><style>p{}</style>") == []


def test_preformatted_text_keeps_its_lines():
    made = lines(f"<pre>一、目标\n\n  　　{PROSE}\n{PROSE}</pre>")
    assert [(line.text, line.gap) for line in made] == [("一、目标", False), (PROSE, True), (PROSE, False)]


# Main text: what is in doubt stays


@pytest.mark.parametrize(
    "page",
    [
        f"<div class=comment><p>{PROSE}</p><p>{PROSE}</p></div><div class=footer>版权所有</div>",
        f"<aside><p>{PROSE}</p><p>{PROSE}</p></aside><a href=x>首页</a>",
        f"<form class=search><p>{PROSE}</p><p>{PROSE}</p><input></form>",
        f"<div style='display:none'><p>{PROSE}</p><p>{PROSE}</p></div><a href=x>首页</a>",
        f"<div class=a><p>{PROSE}</p></div><div class=b><p>{PROSE}</p></div>",
        f"<div id=content><p>{PROSE}</p><p><a href=x>{PROSE}</a></p></div>",
    ],
)
def test_prose_stays_however_its_element_is_called(page):
    assert kept(page) == [PROSE, PROSE]


@pytest.mark.parametrize(
    "text",
    [
        "主办单位：澜江省科技厅",
        "推行“扫码入园”便民措施",
        "联系人：张三，电话12345678",
        "各区县人民政府",
        "（一）打印成本降低",
        "相关阅读推广活动有序开展",
    ],
)
def test_a_short_paragraph_among_others_stays(text):
    assert kept(f"<ul class=nav><li><a href=x>首页</a></ul><p>{PROSE}</p><p>{text}</p><p>{PROSE}</p>") == [
        PROSE,
        text,
        PROSE,
    ]


def test_a_page_without_prose_is_kept_but_for_what_its_elements_say():
    page = "<nav><a href=x>首页</a></nav><p>短句</p><footer>某某政府办公室主办</footer>"
    assert kept(page) == ["短句"] and [reason for _, reason in apart(page)] == ["navigation"] * 2
    assert kept("<nav><a href=x>首页</a></nav>") == ["首页"]


def test_links_and_colophons_after_the_text_are_navigation():
    page = f"<p>{PROSE}</p><p><a href=1>关于召开会议的通知</a></p><p>{PROSE}</p><p>澜ICP备00000009号</p>"
    assert kept(page) == [PROSE, PROSE]
    assert {reason for _, reason in apart(page)} == {"navigation"}


# Short articles, lists, notes

SHORT = """<title>{title}</title><div class=nav><a href=1>首页</a></div>{head}
<div class=info>2024-05-06 08:30　来源：澜江日报　作者：王小明　<span>字号：<a>大</a> <a>中</a> <a>小</a></span></div>
<div id=content><p>本报讯（记者 王小明）全省就业工作会议5日召开。<p>会议要求，抓好落实。</div>
<div class=comment><p>网友评论仅供其表达个人看法，并不表明本站同意其观点或证实其描述。</p></div>"""


def test_a_short_article_keeps_its_headline_and_nothing_of_its_frame(tmp_path):
    head = "<h1>全省就业工作会议召开</h1>"
    made = document(tmp_path, SHORT.format(title="全省就业工作会议召开-澜江日报", head=head))
    assert made.title == "全省就业工作会议召开"
    assert [p.text for p in made.paragraphs] == [made.title, "全省就业工作会议5日召开。", "会议要求，抓好落实。"]
    found = reasons(made)
    assert len(found["source"]) == 1 and found["navigation"][-1].startswith("网友评论")


@pytest.mark.parametrize("head", ["<div>就业报名</div>", "<div class=nav><h1>就业报名</h1></div>", "<p>就业报名</p>"])
def test_a_headline_of_a_few_characters_is_one(head):
    made = lines(f"<title>就业报名-标题</title>{head}<div id=content><p>{PROSE}</p><p>{PROSE}</p></div>")
    assert [line.text for line in made if line.level == 0] == ["就业报名"]
    assert [line.text for line in made if line.reason is None] == ["就业报名", PROSE, PROSE]


def test_the_day_and_the_paper_below_a_headline_are_the_source(tmp_path):
    rows = ["全会公报", "2024年05月06日　澜江日报", f"{PROSE}<br><br>{PROSE}"]
    page = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    made = document(tmp_path, f"<title>全会公报</title><table>{page}</table>")
    assert (made.title, reasons(made)["source"]) == ("全会公报", ["2024年05月06日　澜江日报"])


@pytest.mark.parametrize("title", ["<h2>政策文件</h2>", ""])
def test_a_list_of_titles_keeps_its_own(tmp_path, title):
    entries = "".join(f"<li><a href={at}>关于第{at}项工作的通知</a><span>03-0{at}</span></li>" for at in range(1, 9))
    made = document(tmp_path, f"<title>政策文件-澜江</title>{title}<ul>{entries}</ul>")
    assert [p.text for p in made.paragraphs] == [made.title] == ["政策文件" if title else "政策文件-澜江"]
    assert len(reasons(made)["navigation"]) == 8


def test_paragraphs_that_are_links_are_no_list():
    page = "".join(f"<p><a href={at}>{PROSE}</a></p>" for at in range(8))
    assert kept(f"<title>全会公报_网</title><h1>全会公报</h1>{page}") == ["全会公报", *[PROSE] * 8]


def test_words_that_share_are_navigation():
    assert kept(f"<p>{PROSE}</p><p>分享到微信</p><p>分享到微博、朋友圈</p><p>{PROSE}</p>") == [PROSE, PROSE]
    assert kept(f"<p>{PROSE}</p><p>分享到全省各地</p><p>{PROSE}</p>")[1] == "分享到全省各地"


def test_numbered_headings_of_one_form_are_no_title():
    page = "".join(f"<div><h3>第{at}问</h3><p>{PROSE}</p></div>" for at in range(1, 6))
    assert [line.level for line in lines(page) if line.level is not None] == [3] * 5


def test_notes_of_a_page_that_word_saved():
    page = f"<p class=MsoNormal><span>一、<span>&nbsp;&nbsp; </span></span>总体要求</p><p>{PROSE}"
    page += "<a href='#_ftn1'><span class=MsoFootnoteReference>[1]</span></a></p><p>张三&nbsp;&nbsp;&nbsp;李四</p>"
    note = "<p class=MsoFootnoteText><a href='#_ftnref1'>[1]</a> 见前。</p>"
    page += f"<div style='mso-element:footnote' id=ftn1>{note}</div>"
    assert kept(page) == ["一、总体要求", PROSE, "张三 李四"]
    assert apart(page) == [("[1]", "footnote"), ("[1] 见前。", "footnote")]


# Encodings


@pytest.mark.parametrize(
    ("declared", "stored", "found"),
    [
        ("gb2312", "gb18030", "gb18030"),
        ("GBK", "gb18030", "gb18030"),
        ("utf-8", "utf-8", "utf-8"),
        ("gb2312", "utf-8", "utf-8"),
        ("utf-8", "gb18030", "gb18030"),
        ("iso-8859-1", "gb18030", "gb18030"),
        ("no-such-thing", "utf-8", "utf-8"),
        ("unicode_escape", "utf-8", "utf-8"),
        ("big5", "big5", "big5"),
        ("gb2312", "utf-8-sig", "utf-8-sig"),
        ("utf-8", "utf-16", "utf-16"),
    ],
)
def test_the_encoding_declared_is_taken_if_it_fits(declared, stored, found):
    text = "全部文字明白易行，大家都要高度重平安全。" if stored == "big5" else PROSE
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={declared}"></head><p>{text}</p>'
    reading = Reading("page", "page")
    assert [line.text for line in html_lines(io.BytesIO(page.encode(stored)), reading)] == [text]
    assert reading.ledger.encoding == found


def test_xhtml_that_declares_its_encoding():
    page = (
        f'<?xml version="1.0" encoding="gb2312"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>{PROSE}</p></body>'
    )
    assert kept(page.encode("gb18030")) == [PROSE]


def test_the_encoding_given_goes_before_the_one_declared():
    page = f"<meta charset=utf-8><p>{PROSE}".encode("gb18030")
    assert [line.text for line in lines(page, encoding="gbk")] == [PROSE]
    with pytest.raises(GongbaoError, match="not utf-8"):
        lines(page, encoding="utf-8")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", bytes(range(256)) * 8, b"%PDF-1.7\n\x00\xff"])
def test_binary_files_are_refused_in_one_line(data):
    with pytest.raises(GongbaoError) as error:
        lines(data)
    assert "\n" not in str(error.value)


def test_empty_files_give_nothing_and_large_ones_an_error():
    assert lines("") == lines(" \n") == lines("<!-- x -->") == []
    with pytest.raises(GongbaoError, match="max-mb"):
        lines(f"<p>{PROSE}", limit=10)


# Saved with all its parts

MHTML = """From: <Saved by a browser>
Subject: =?utf-8?B?5YWo5Lya?=
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; start="<root@x>"; boundary="B"

--B
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: 8bit
Content-ID: <frame@x>

<p>框架里说，要抓好各项工作的落实，让群众满意。</p>
--B
Content-Type: text/html; charset="gb2312"
Content-Transfer-Encoding: quoted-printable
Content-ID: <root@x>

<h1>{title}</h1><p>{prose}</p>
--B
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--B--
"""


def quoted(text):
    return "".join(f"={byte:02X}" for byte in text.encode("gb18030"))


def test_mhtml_gives_its_root_and_then_its_frames(tmp_path):
    data = MHTML.format(title=quoted("全会公报"), prose=quoted(PROSE)).encode()
    made = lines(data, reader=mhtml_lines)
    texts = ["全会公报", PROSE, "框架里说，要抓好各项工作的落实，让群众满意。"]
    assert [line.text for line in made] == texts
    assert document(tmp_path, data, "page.mht").encoding == "gb18030"
    assert document(tmp_path, data.replace(b"\n", b"\r\n"), "page.mhtml").title == "全会公报"


def test_a_frame_without_a_sentence_is_navigation():
    data = MHTML.format(title=quoted("全会公报"), prose=quoted(PROSE)).encode()
    data = data.replace("框架里说，要抓好各项工作的落实，让群众满意。".encode(), "广告框".encode())
    made = [(line.text, line.reason) for line in lines(data, reader=mhtml_lines)]
    assert made == [("全会公报", None), (PROSE, None), ("广告框", "navigation")]


@pytest.mark.parametrize("data", [b"", f"<p>{PROSE}</p>".encode(), b"\x00\xff" * 100, b"Content-Type: text/plain\n\nx"])
def test_what_is_no_mhtml_is_refused_in_one_line(data):
    with pytest.raises(GongbaoError, match="no MHTML") as error:
        lines(data, reader=mhtml_lines)
    assert "\n" not in str(error.value)


# Nothing is lost, of any markup

WORDS = ["全会", "指出，", PROSE, "。", " ", "\n", "　　", "a b", "1.", "&nbsp;", "&lt;", "\u200b", "\u2028", "&"]
TAGS = re.findall(
    r"\S+",
    """div p span b a br td tr table th li ul h1 h2 pre nav footer aside header form label button option select textarea
    rt ruby figcaption title head body html iframe noscript svg math o:p template blockquote""",
)
EXTRA = [
    "<!-- 注 -->",
    "<![CDATA[ x ]]>",
    "<?xml version='1.0' encoding='gbk'?>",
    "<!DOCTYPE html>",
    "<script>'</p>' 1</script>",
    "<p hidden>",
    "<div class='share'>",
    "<div style='display:none'>",
    "<td colspan=3>",
    "<p",
    "<",
    "</",
    "</p>",
    '<a href="',
    '<input type="hidden">',
]
TOKENS = WORDS + EXTRA + [f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=60).map("".join))
def test_every_character_of_the_tree_is_in_one_line(page):
    lines(page)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_the_account_of_a_document_is_even(tmp_path_factory, page):
    document(tmp_path_factory.mktemp("page"), page)


NESTED = ["div", "p", "td", "span", "li", "b", "h2", "nav", "section", "blockquote"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NESTED), st.integers(0, 99), st.booleans()), min_size=1, max_size=40))
def test_every_word_of_the_page_is_read_in_order(blocks):
    """Against the page itself, not the tree: the parser loses nothing either."""
    page = "".join(f"<{tag}>全会{number}。" + f"</{tag}>" * closed for tag, number, closed in blocks)
    found = "".join(line.text for line in lines(page))
    assert "".join(found.split()) == "".join(f"全会{number}。" for _, number, _ in blocks)


@pytest.mark.parametrize(
    "page",
    [
        "<div>全会。" * 10_000,
        "<span>全" * 10_000 + "</span>" * 10_000,
        "<table><tr><td>全会。" * 3_000,
        "<table>" + "<tr><td colspan=100000 rowspan=100000>一<td>二" * 1_000,
        "<table>" + "<td>一" * 20_000,
        "<p>" + "<span> </span><br>" * 20_000 + "全",
        "<div class=nav>全</div>" * 20_000,
        "<p>" + "<a href=x>1.链接</a><br>" * 20_000,
        f"<p>{PROSE * 20_000}",
    ],
    ids=["divs", "spans", "tables", "colspan", "cells", "breaks", "marks", "links", "one paragraph"],
)
def test_pages_of_any_shape_take_little_time(page):
    began = time.monotonic()
    made = lines(page)
    assert sum(inked(line.text) for line in made) >= 1
    assert made[-1].text.endswith(("。", "全", "二", "一", "链接"))
    assert time.monotonic() - began < 10


def test_what_cannot_be_flattened_is_refused_not_cut():
    with pytest.raises(GongbaoError, match="nested too deeply"):
        lines("<x-y>全" * 10_000)


def test_entities_that_a_page_declares_are_not_expanded():
    bomb = "<!DOCTYPE x [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9)) + "]><p>&e8;"
    assert len("".join(line.text for line in lines(bomb))) < 100


def test_damaged_pages_give_lines_or_one_line_of_error():
    chance = random.Random(7)
    sources = [GOV.encode(), TRS.encode("gb18030"), MHTML.format(title="x", prose=quoted(PROSE)).encode()]
    for turn in range(45):
        data = bytearray(sources[turn % 3])
        for _ in range(chance.choice([1, 4, 40])):
            at = chance.randrange(len(data))
            if turn % 2:
                data[at : at + chance.randrange(30)] = data[: chance.randrange(60)]
            else:
                data[at] = chance.randrange(32, 127)
        try:
            lines(
                bytes(data),
                encoding="latin-1" if turn % 5 == 0 else None,
                reader=(html_lines, mhtml_lines)[turn % 3 == 2],
            )
        except GongbaoError as error:
            assert "\n" not in str(error)


def test_nothing_heavy_is_imported_before_a_page_is_read():
    code = "import sys, gongbao.readers; print([name for name in ('lxml', 'trafilatura') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
