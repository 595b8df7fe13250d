"""Sentences, re-flow, asides and headings, through `segment` and `split_sentences`."""

from __future__ import annotations

import json
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbao import metadata
from gongbao.documents import Aside
from gongbao.lines import read_lines
from gongbao.segment import blocks, segment, split_sentences

ROOT = Path(__file__).parents[1]
SEED = ROOT.parent / "shared" / "seed-communique.txt"
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)


def cut(text):
    return [sentence.text for sentence in split_sentences(text)]


def texts(text):
    return [paragraph.text for paragraph in segment(text).paragraphs]


def asides(text):
    return [(aside.text, aside.reason, aside.line) for aside in segment(text).aside]


def kinds(text):
    return [(p.text, p.kind, p.heading) for p in segment(text).paragraphs]


def ink(text):
    return "".join(INVISIBLE.sub("", text).split())


def check_conserved(text):
    """Every visible character is in exactly one block, in order, and the blocks are the paragraphs and the asides."""
    made = list(blocks(read_lines(text)))
    lines = sorted((line for block in made for line in block.lines), key=lambda line: line.start)
    assert ink("".join(line.text for line in lines)) == ink(text)
    segmented = segment(text)
    kept = [ink(block.text) for block in made if block.reason is None]
    assert [ink(paragraph.text) for paragraph in segmented.paragraphs] == kept
    apart = sorted((ink(block.text), block.reason) for block in made if block.reason)
    assert sorted((ink(aside.text), aside.reason) for aside in segmented.aside) == apart
    assert all(text and text == text.strip() for text in (p.text for p in segmented.paragraphs))
    assert [paragraph.number for paragraph in segmented.paragraphs] == list(range(1, len(kept) + 1))


# Sentences


@pytest.mark.parametrize("name", ["train", "dev", "gold"])
def test_labelled_paragraphs_are_cut_into_exactly_their_sentences(name):
    rows = (ROOT / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 300
    for row in map(json.loads, rows):
        given_ = [sentence["text"] for sentence in row["sentences"]]
        assert cut("".join(given_)) == given_, row["id"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("一是稳；二是进。", ["一是稳；", "二是进。"]),
        ("他说：“好！”大家鼓掌。", ["他说：“好！”", "大家鼓掌。"]),
        ("真的吗？！！……是的。", ["真的吗？！！……", "是的。"]),
        ("（会议通过。）散会。", ["（会议通过。）", "散会。"]),
        ("他说：“一要稳。二要进。”散会", ["他说：“一要稳。", "二要进。”", "散会"]),
        (
            "增长3.5%，见http://a.b/?x=1;y=2。U.S. firms; ok! 完。",
            ["增长3.5%，见http://a.b/?x=1;y=2。", "U.S. firms; ok! 完。"],
        ),
        ("各位代表!增长30%;进出口(含保税)稳定;完成", ["各位代表!", "增长30%;", "进出口(含保税)稳定;", "完成"]),
        ("搜索?q=1&p=2，见《报告》;下同", ["搜索?q=1&p=2，见《报告》;", "下同"]),
        (
            '列为"试点"城市。"蓝天"行动展开。他说:"好。"散会。',
            ['列为"试点"城市。', '"蓝天"行动展开。', '他说:"好。"', "散会。"],
        ),
        ("第一句。 第二句。\n第三句", ["第一句。 ", "第二句。\n", "第三句"]),
        ("……未完", ["……未完"]),
    ],
)
def test_sentences_worked_by_hand(text, sentences):
    assert cut(text) == sentences


def test_sentence_offsets_count_code_points():
    assert [(s.start, s.end) for s in split_sentences("𠮷。好。")] == [(0, 2), (2, 4)]


@given(st.text(alphabet=st.sampled_from('全会。！？；;!?"”“）(). \n…a1%𠮷\u200b'), max_size=60) | st.text())
def test_sentences_partition_any_text(text):
    sentences = split_sentences(text)
    assert "".join(s.text for s in sentences) == text
    assert all(text[s.start : s.end] == s.text and s.text for s in sentences)
    assert all(one.end == two.start for one, two in pairwise(sentences))


# Re-flow


@pytest.mark.skipif(not SEED.exists(), reason="the newspaper page is not part of the repository")
def test_a_real_newspaper_page_gives_its_ten_paragraphs():
    made = segment(SEED.read_text(encoding="utf-8"))
    starts = [
        "5月30日，",
        "全会由省委常委会主持",
        "全会审议通过《中共江苏省委关于",
        "全会指出，深入学习",
        "全会强调，江苏肩负着",
    ]
    starts += [
        "全会指出，要强化科技",
        "全会强调，发展新质",
        "全会指出，党的二十大",
        "全会强调，今年以来",
        "省委委员、省委候补",
    ]
    assert [p.text[: len(s)] for p, s in zip(made.paragraphs, starts, strict=True)] == starts
    assert all(p.text.endswith("。") and p.kind == "body" for p in made.paragraphs)
    assert "全省上下要深刻领悟“坚定信心、鼓足干劲、勇挑大梁”的重大责任" in made.paragraphs[3].text
    assert not any(re.search(r"\s", p.text) for p in made.paragraphs)
    assert [(a.text, a.reason) for a in made.aside] == [("现代快报讯", "dateline"), ("（黄伟）", "byline")]


def test_broken_columns_are_put_together_again():
    text = (ROOT / "data" / "samples" / "broken-columns.txt").read_text(encoding="utf-8")
    made = segment(text, "page")
    assert [p.text for p in made.paragraphs] == [
        "9月16日，中国共产党澜江省第九届委员会第五次全体会议在临澜举行。全会由省委常委会主持，省委书记作了讲话。",
        "全会审议通过《中共澜江省委关于加快建设山水智造之省的决定》。",
        "全会指出，建设山水智造之省，是立足省情作出的选择。近年来，全省上下咬定“先进制造立省”不放松，"
        "云桥装备走廊初具规模，澜江两岸生态持续好转，可以说家底更厚、步子更稳。要保持定力，一件事情接着一件事情办，"
        "一年接着一年干，决不能“翻烧饼”。要看到，爬坡过坎的关口还在前面，越是这样越要沉住气。",
        "全会强调，要把科技创新摆在突出位置，支持临澜大学建设精密传动重点实验室，办好Open Lab公众开放日，"
        "2027年前建成中试基地12个。要打通“实验室—中试—车间”的堵点，让更多成果就地转化。要厚植人才沃土，"
        "实施“归雁”计划，每年引进青年工程师3000名。",
        "全会要求，坚持生态优先，全面完成澜江干流岸线修复，淘汰落后锅炉400台。办好民生实事，新增普惠托位8000个，"
        "让更多家庭的“一老一小”得到更好照料！",
        "省委委员、省委候补委员出席会议。省纪委委员和有关方面负责同志，部分基层党代表列席会议。",
    ]
    assert [(a.text, a.reason, a.line) for a in made.aside] == [
        ("澜江晚报讯", "dateline", 1),
        ("（田禾）", "byline", 41),
    ]
    assert [p.id for p in made.paragraphs] == [f"page#{number}" for number in range(1, 7)]
    check_conserved(text)


INDENTED = """\
　　全会指出，发展是第一要务，
必须完整准确全面贯彻新发展理念。
要沉住气、稳住神，一步一个脚印往
前走，把各方面的干劲都带起来。
　　全会强调，要抓好安全生产，守
住不发生重特大事故的底线，切实保
障人民群众生命财产安全。
"""


def test_an_indent_begins_a_paragraph_and_a_full_line_that_ends_a_sentence_does_not_end_one():
    one, two = texts(INDENTED)
    assert one.startswith("全会指出") and "新发展理念。要沉住气" in one and one.endswith("带起来。")
    assert two.startswith("全会强调") and two.endswith("财产安全。")


def test_without_indents_or_blanks_a_line_with_room_to_spare_ends_a_paragraph():
    flush = INDENTED.replace("　　全会指出，发展是第一要务，", "全会指出，发展是党的第一要务，").replace(
        "　　全会强调，", "全会强调，各地"
    )
    one, two = texts(flush)
    assert one.endswith("带起来。") and two.startswith("全会强调，各地要抓好")


def test_a_page_number_does_not_cut_a_sentence():
    lines = INDENTED.splitlines()
    lines[3:3] = ["", "- 3 -", ""]
    assert texts("\n".join(lines)) == texts(INDENTED)
    assert asides("\n".join(lines)) == [("- 3 -", "page-number", 5)]


def test_a_wrapped_page_keeps_its_title_and_headings_apart():
    page = (
        "澜江省委全会公报\n\n一、总体要求\n"
        + INDENTED
        + "（一）大力推进新型工业化，加快\n建设现代化产业体系\n"
        + INDENTED
    )
    assert [text[:6] for text in texts(page)] == [
        "澜江省委全会",
        "一、总体要求",
        "全会指出，发",
        "全会强调，要",
        "（一）大力推",
        "全会指出，发",
        "全会强调，要",
    ]
    assert segment(page).paragraphs[-1].heading == ("一、总体要求", "（一）大力推进新型工业化，加快建设现代化产业体系")


def test_text_that_is_not_wrapped_keeps_one_paragraph_a_line():
    lines = ["全会指出，要稳中求进。", "5月 30日召开，会期一天", "一是抓好落实；", "会议还研究了其他事项。" * 9]
    assert texts("全会公报\n" + "\n".join(lines))[1:] == lines


def test_a_list_of_short_lines_is_not_wrapped_text():
    rows = [
        "序号",
        "单位名称",
        "负责人",
        "临澜市发展改革委",
        "云桥区人民政府办",
        "澜江县水利管理局",
        "青石镇便民服务所",
    ]
    assert texts("\n".join(rows)) == rows


def test_latin_words_at_a_line_end_keep_a_space_and_figures_do_not():
    page = (
        "会议强调，要办好面向社会的Open\nDay活动，今年参加人数要达到20\n00人次，支持企业参加展会，推动\n"
        "贸易往来，把品牌做大、做强、做优。\n"
    )
    assert texts(page) == [
        "会议强调，要办好面向社会的Open Day活动，今年参加人数要达到2000人次，支持企业参加展会，"
        "推动贸易往来，把品牌做大、做强、做优。"
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\x0b", "\x85"])
def test_any_line_end_ends_a_line(end):
    assert texts(f"全会召开。{end}全会闭幕。") == ["全会召开。", "全会闭幕。"]


def test_a_form_feed_begins_a_page():
    made = segment("全会召开。\n- 1 -\n\f全会闭幕。\n- 2 -\n")
    assert [(p.text, p.page) for p in made.paragraphs] == [("全会召开。", 1), ("全会闭幕。", 2)]
    assert segment("全会召开。\n").paragraphs[0].page is None


def test_a_head_that_runs_through_the_pages_is_set_apart():
    page = "澜江日报 第{}期\n全会提出第{}项任务，要求抓好落实。\n"
    made = segment("\f".join(page.format(n, n) for n in range(1, 5)))
    assert [(a.text, a.reason) for a in made.aside] == [(f"澜江日报 第{n}期", "running-head") for n in range(1, 5)]
    assert len(made.paragraphs) == 4


def test_invisible_characters_go_and_the_text_stays_as_it_is():
    assert texts("\ufeff　\xa0全\u200b会\x00召开①㎡。\xa0\u3000") == ["全会召开①㎡。"]


# Asides


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("（黄伟）", "byline"),
        ("（记者 张三 李四）", "byline"),
        ("记者 张三 李四", "byline"),
        ("责任编辑：王小明", "byline"),
        ("（新华社北京7月18日电）", "byline"),
        ("来源：澜江日报", "source"),
        ("- 12 -", "page-number"),
        ("— 3 —", "page-number"),
        ("第3页", "page-number"),
        ("7", "page-number"),
        ("（下转第二版）", "jump"),
        ("▲上接第一版", "jump"),
        ("下载 全屏 收藏 加大 还原 减小", "navigation"),
        ("【字号：大 中 小】", "navigation"),
        ("图为7月4日，出口商品车在港口等待装船。", "caption"),
        ("省长作政府工作报告。澜江日报记者 王小明 摄", "caption"),
    ],
)
def test_what_is_no_part_of_the_text_is_set_apart(line, reason):
    assert asides(f"全会召开了。\n{line}\n全会闭幕了。") == [(line, reason, 2)]
    assert texts(f"全会召开了。\n{line}\n全会闭幕了。") == ["全会召开了。", "全会闭幕了。"]


@pytest.mark.parametrize(
    "line",
    [
        "记者从会上获悉，全会将于明日闭幕。",
        "抓好政策落实。（高新区）",
        "完善安全管理体系。（省委网信办、省通信管理局分工负责）",
        "2024年是关键一年。",
        "统筹金融",
        "图强奋进，再立新功。",
        "新华社记者应邀列席会议。",
        "下载量突破1000万次。",
        "大力整治偷拍偷摄",
        "信息通讯、电子商务等产业加快发展。",
        "5月30日讯问了有关人员。",
        "（一）加强领导",
    ],
)
def test_text_is_never_set_apart(line):
    assert asides(f"全会召开了。\n{line}\n全会闭幕了，大家一致表示要抓好落实。") == []


@pytest.mark.parametrize(
    "head",
    [
        "新华社北京7月18日电（记者 张三、李四）",
        "新华社北京7月18日电",
        "本报讯（记者 王一）",
        "本报北京7月4日电 （记者李晓）",
        "现代快报讯",
        "央视网消息：",
    ],
)
def test_of_a_dateline_only_the_head_is_set_apart(head):
    made = segment(f"全会召开了。\n{head} 中国共产党临澜市委员会全体会议18日举行。")
    assert [(a.text, a.reason, a.line) for a in made.aside] == [(head, "dateline", 2)]
    assert made.paragraphs[1].text == "中国共产党临澜市委员会全体会议18日举行。"


def test_jumps_and_credits_at_the_edges_of_a_paragraph_are_cut_off():
    text = "（上接第一版）全会强调要抓好落实。（记者 张三）（下转第三版）\n全会闭幕。（李四）"
    assert [reason for _, reason, _ in asides(text)] == ["jump", "byline", "jump", "byline"]
    assert texts(text) == ["全会强调要抓好落实。", "全会闭幕。"]


def test_the_head_of_a_report():
    made = segment(
        "下载\n全屏\n2026年澜江省政府工作报告\n——2026年2月2日在澜江省第九届人民代表大会第五次会议上\n省长 王小明\n"
        "各位代表：\n现在，我向大会报告工作。\n一、五年回顾\n五年来成绩不凡。\n"
    )
    assert made.title == "2026年澜江省政府工作报告"
    assert [a.reason for a in made.aside] == ["navigation", "navigation", "note", "speaker"]
    assert [(p.text, p.kind) for p in made.paragraphs[:3]] == [
        ("2026年澜江省政府工作报告", "heading"),
        ("各位代表：", "body"),
        ("现在，我向大会报告工作。", "body"),
    ]


def test_a_note_on_who_passed_it_stands_under_the_title():
    made = segment("全体会议公报\n（2024年7月18日第三次全体会议通过）\n全会召开了。")
    assert (made.title, [a.reason for a in made.aside], len(made.paragraphs)) == ("全体会议公报", ["note"], 2)


def test_a_text_that_begins_with_a_sentence_has_no_title():
    assert segment("全会召开了。\n全会闭幕了。").title is None


# Headings


def test_headings_give_the_path_of_what_follows():
    text = (
        "工作报告\n第一章 总则\n一、总体要求\n（一）指导思想\n坚持稳中求进。\n1. 做强平台\n优化平台。\n"
        "（二）提高全社会文明程度。\n"
        "弘扬新风。\n二、重点任务\n抓好落实。\n第二章 附则\n附则从略。\n"
    )
    assert kinds(text) == [
        ("工作报告", "heading", ()),
        ("第一章 总则", "heading", ()),
        ("一、总体要求", "heading", ("第一章 总则",)),
        ("（一）指导思想", "heading", ("第一章 总则", "一、总体要求")),
        ("坚持稳中求进。", "body", ("第一章 总则", "一、总体要求", "（一）指导思想")),
        ("1. 做强平台", "heading", ("第一章 总则", "一、总体要求", "（一）指导思想")),
        ("优化平台。", "body", ("第一章 总则", "一、总体要求", "（一）指导思想", "1. 做强平台")),
        ("（二）提高全社会文明程度。", "heading", ("第一章 总则", "一、总体要求")),
        ("弘扬新风。", "body", ("第一章 总则", "一、总体要求", "（二）提高全社会文明程度。")),
        ("二、重点任务", "heading", ("第一章 总则",)),
        ("抓好落实。", "body", ("第一章 总则", "二、重点任务")),
        ("第二章 附则", "heading", ()),
        ("附则从略。", "body", ("第二章 附则",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "第一条 为深入贯彻落实党的决定，制定本细则。",
        "第三十九条 本细则自公布之日起施行。",
        "1.做强工业互联网平台。优化平台体系，培育一批企业。",
        "（一）产业升级成效显著。工业增势强劲。",
        "——经济运行稳中有进。",
        "3.5%的增速来之不易",
        "各位代表：",
        "一、二、三产业协同发展，城乡面貌焕然一新，人民生活持续改善，社会大局和谐稳定，各项事业都迈出坚实步伐，可喜可贺",
    ],
)
def test_a_numbered_paragraph_is_no_heading(line):
    assert [p.kind for p in segment(f"全会召开了。\n{line}\n全会强调要抓好落实。").paragraphs] == ["body"] * 3


def test_members_of_a_list_are_no_headings():
    text = "申请人应当符合下列条件：\n（一）有住所；\n（二）有资金；\n（三）法律规定的其他条件。\n"
    text += "附件：1.申请书\n2.流程图\n3.声明书\n"
    assert {p.kind for p in segment(text).paragraphs} == {"body"}


def test_sections_without_numbers_are_headings_too():
    text = "工作报告\n各位代表：\n“十四五”时期工作回顾\n五年来，我们干成了不少大事。\n"
    text += "2026年重点工作\n（一）扩大内需\n促进消费增长。\n"
    assert kinds(text)[-1] == ("促进消费增长。", "body", ("2026年重点工作", "（一）扩大内需"))
    assert kinds(text)[3] == ("五年来，我们干成了不少大事。", "body", ("“十四五”时期工作回顾",))


# Nothing is lost, and time is linear

LINES = [
    "全会指出，要坚持稳中求进工作总",
    "基调。",
    "",
    "　　",
    "一、总体要求",
    "（黄伟）",
    "- 3 -",
    "新华社北京7月18日电（记者 张三）全会召开。",
]
LINES += [
    "“坚定信心”是关键，各方面都要",
    "抓落实。 （记者 李四）",
    "（上接第一版）要抓好。（下转第二版）",
    "Open",
    "\u200b 5月 30日\x0c",
    "2024",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=30).map("\n".join) | st.text(max_size=80))
def test_every_character_is_kept_once_and_in_order(text):
    check_conserved(text)


@pytest.mark.parametrize(
    "text",
    [
        "全会" * 1_000_000,
        "稳中求进工作总基调，坚持向好，" * 100_000,
        "短句\n" * 50_000,
        "稳中求进的工作总基调，坚持向好\n" * 30_000,
        "（张三" * 300_000,
        ' "' * 300_000,
    ],
    ids=["no stop", "one line", "short lines", "one wrapped paragraph", "open brackets", "quotes"],
)
def test_large_input_takes_linear_time(text):
    began = time.monotonic()
    made = segment(text)
    assert ink("".join(p.text for p in made.paragraphs)) == ink(text)
    assert time.monotonic() - began < 20


def test_a_line_that_ends_in_a_comma_is_never_a_paragraphs_last():
    # Too ragged to show a column; a blank line still ends a paragraph, and so does a number.
    text = "全会听取和讨论了省委常委会工作报告，\n审议通过了决定。\n会议要求抓好落实、\n\n改进作风。\n"
    text += "引进人才，\n一、改革\n"
    made = [paragraph.text for paragraph in segment(text).paragraphs]
    assert made == [
        "全会听取和讨论了省委常委会工作报告，审议通过了决定。",
        "会议要求抓好落实、",
        "改进作风。",
        "引进人才，",
        "一、改革",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "版权所有：澜江省人民政府办公厅 澜ICP备00000000号",
        "凡本网注明“来源：澜江日报”的作品，未经本网授权不得转载。",
        "Copyright © 2026 All Rights Reserved",
    ],
)
def test_a_licence_is_set_apart(text):
    assert asides(f"公报\n要坚持稳中求进。\n{text}\n") == [(text, "licence", 3)]


@pytest.mark.parametrize(
    "text", ["要强化版权保护，打击盗版。", "加强版权所有者权益保护和转载许可管理，促进版权产业发展。"]
)
def test_copyright_as_a_matter_of_policy_stays(text):
    assert asides(f"公报\n{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "全国人大代表李华接受本报记者采访时表示，要完善版权保护制度，激发全社会创新活力。",
        "作品的版权所有人可以委托集体管理组织行使权利，任何单位不得侵犯。",
        "会议要求，媒体转载作品须取得授权，由本刊编辑部牵头制定细则。",
        "他扎根基层四十年，先后培养了三十多名青年记者从事新闻摄影。",
        "展览共展出200件作品，其中多幅出自本市农民通讯员之手的纪实摄影。",
        "图为先，文为辅，这是手册编写的基本原则。",
        "记者：为什么要出台这个意见",
        "编辑：要提高政治站位",
    ],
)
def test_prose_that_looks_like_a_credit_stays(text):
    assert asides(f"公报\n要坚持稳中求进。\n{text}\n要改善民生。\n") == []


@pytest.mark.parametrize("title", ["公　告", "序　言", "金融", "高质量"])
def test_a_title_that_looks_like_a_name_stays(title):
    assert segment(f"{title}\n\n　　根据工作安排，自2024年5月1日起施工。\n").title == title


def test_a_short_page_of_print_is_joined():
    lines = [
        "　　　　　　关于封闭施工的公告",
        "　　根据工作安排，自2024年5月1日起，对南环路实施封闭施",
        "工，请过往车辆和行人提前选择绕行路线。",
        "　　施工期间，公交101路、203路临时改线运行，请广大市民合",
        "理安排出行时间，并服从现场交通管理人员指挥。",
        "　　特此公告。",
    ]
    made = segment("\n".join(lines))
    title, *paragraphs = (line.strip() for line in ("".join(lines).replace("公告　", "公告\n　").split("　　")) if line)
    assert made.title == "关于封闭施工的公告"
    assert [p.text for p in made.paragraphs] == [title, *paragraphs]


def test_a_wrapped_line_that_begins_with_a_figure_is_no_item():
    lines = ["　　申请人应当按照本实施细则第十二条第", "3、81项规定提交材料，并在规定期限内", "完成登记。"]
    assert texts("\n".join(lines * 3)) == ["".join(lines).strip()] * 3


def test_figures_and_labels_at_page_edges_are_no_running_heads():
    pages = [f"附件{n}\n表格说明文字。\n合计 {n}99\n责任单位：省发展改革委" for n in range(4)]
    assert asides("\f".join(pages)) == []
    pages = [f"澜江日报 第{n}版\n要改革，要开放。\n" for n in range(1, 5)]
    assert [reason for _, reason, _ in asides("\f".join(pages))] == ["running-head"] * 4


def test_the_head_of_an_official_letter():
    made = segment(
        "000001\n机密★1年\n澜 江 省 人 民 政 府 文 件\n澜政发〔2026〕8号　　签发人：李强\n"
        "澜江省人民政府关于发展的意见\n各市人民政府：\n　　要坚持稳中求进。\n"
        "　　附件：1．重点任务清单\n　　　　　2．责任分工表\n财政厅\n国 务 院\n2026年3月18日\n"
    )
    assert made.title == "澜江省人民政府关于发展的意见"
    assert [(a.text, a.reason) for a in made.aside] == [
        ("000001", "letterhead"),
        ("机密★1年", "letterhead"),
        ("澜 江 省 人 民 政 府 文 件", "letterhead"),
        ("澜政发〔2026〕8号　　签发人：李强", "document-number"),
        ("财政厅", "issuer"),
        ("国 务 院", "issuer"),
        ("2026年3月18日", "date"),
    ]
    assert metadata.describe(made.title, made.aside) == ("2026-03-18", "澜政发〔2026〕8号", "财政厅 国务院")
    assert [p.text for p in made.paragraphs if p.kind == "heading"] == [made.title]


def test_what_people_do_about_a_document_issues_none():
    assert metadata.describe("全省干部群众热议国务院关于稳就业的部署", []) == (None, None, None)
    line = Aside("来源：澜江日报作者：王小明2024-05-06", "source", 1)
    assert metadata.describe("公报", [line]) == ("2024-05-06", None, "澜江日报")


def test_a_dateline_takes_its_comma_along():
    made = segment("公报\n据新华社北京5月1日消息，国家统计局发布数据。\n")
    assert made.paragraphs[-1].text == "国家统计局发布数据。"
