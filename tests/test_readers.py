"""Files to documents, through `read`, `stream` and `expand`."""

from __future__ import annotations

import io
import json
import os
import types
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gongbao import metadata
from gongbao.documents import Aside, Paragraph
from gongbao.errors import GongbaoError
from gongbao.readers import Source, expand, read, stream

TEXT = "临澜市委全会公报\n全会指出，要坚持稳中求进工作总基调，扎实推动高质量发展。\n全会强调，要保障和改善民生。\n"
TRADITIONAL = "臨瀾市政府公報\n會議指出，要堅持穩中求進，推動經濟發展，保障和改善民生。\n"


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def rows(write):
    def rows(*lines, name="a.jsonl"):
        return write(name, "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))

    return rows


def refused(path, **options):
    with pytest.raises(GongbaoError) as error:
        read(path, **options)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


# Text


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (TEXT, "utf-8", "utf-8"),
        (TEXT, "utf-8-sig", "utf-8-sig"),
        (TEXT, "utf-16", "utf-16"),
        (TEXT, "utf-32", "utf-32"),
        (TEXT, "gb18030", "gb18030"),
        (TEXT, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        ("公报\n全会闭幕了。\n", "gb18030", "gb18030"),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(write, text, encoding, found):
    document = read(write("公报.txt", text.encode(encoding)))
    assert [p.text for p in document.paragraphs] == text.splitlines()
    assert (document.encoding, document.id, document.title) == (found, "公报.txt", text.splitlines()[0])


def test_an_encoding_can_be_given(write):
    path = write("a.txt", TEXT.encode("utf-16-le"))
    assert read(path, encoding="utf-16-le").title == read(path).title == "临澜市委全会公报"
    assert "utf-8" in refused(path, encoding="utf-9")
    assert "byte 1 " in refused(write("b.txt", b"\xff\xfe\xfd"), encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        bytes(range(1, 32)) * 9,
        b"caf\xe9\xe8 d\xe9j\xe0 vu",
        b"\x93quoted\x94 text",
        b"\xff" * 9,
    ],
)
def test_what_is_no_chinese_text_is_refused(write, content):
    refused(write("a.txt", content))


def test_a_file_of_white_space_is_a_document_without_paragraphs(write):
    assert read(write("a.txt", "\ufeff \n　\n")).paragraphs == ()
    assert read(write("b.md", "")).paragraphs == ()


def test_streaming_text_gives_paragraphs_and_asides(write):
    items = list(stream(Source(write("a.txt", "全会召开。\n（黄伟）\n"), "in/a.txt")))
    assert [(type(item), item.text) for item in items] == [(Paragraph, "全会召开。"), (Aside, "（黄伟）")]
    assert (items[0].id, items[0].document) == ("in/a.txt#1", "in/a.txt")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path, write):
    assert "No such file" in refused(tmp_path / "none.txt")
    message = refused(write("a.xyz", "全会"))
    assert ".xyz" in message and ".txt" in message and ".jsonl" in message
    assert "without a suffix" in refused(write("a", "全会"))
    assert "directory" in refused(write("b.txt/c.txt", "全会").parent)


@pytest.mark.parametrize(
    ("data", "ids"),
    [(TEXT.encode(), ["stdin#1", "stdin#2", "stdin#3"]), (b'\xef\xbb\xbf \n{"id": "r1", "text": ""}\n', ["r1"])],
)
@pytest.mark.parametrize("buffered", [True, False])
def test_standard_input_is_text_or_rows(monkeypatch, data, ids, buffered):
    raw = io.BytesIO(data)
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BufferedReader(raw) if buffered else raw))
    assert [p.id for p in stream("-")] == ids


# Rows


def test_a_row_is_one_paragraph_taken_as_it_is(rows):
    text = " 新华社北京7月1日电 全会召开。\n一、总体要求\n（黄伟）"
    path = rows({"id": "r1", "text": text, "year": 2024, "document": "公报"}, "", {"id": 7, "text": "", "x": None})
    document = read(path)
    one, two = document.paragraphs
    assert (one.id, one.text, one.kind, one.document, one.number) == ("r1", text, "body", "公报", 1)
    assert one.extra == {"year": 2024, "document": "公报"}
    assert "".join(s.text for s in one.sentences) == text
    assert (two.id, two.text, two.sentences, two.document, two.number) == ("7", "", (), "a.jsonl", 2)
    assert two.extra == {"x": None} and document.aside == () and document.title is None


def test_a_labelled_example_keeps_its_own_sentences(rows):
    sentences = [{"text": "一要稳，", "labels": []}, {"text": "二要𠮷。", "labels": ["talent"]}]
    row = {"id": "r1", "document": "d", "heading": ["一、人才"], "sentences": sentences}
    (paragraph,) = read(rows(row)).paragraphs
    assert (paragraph.text, paragraph.heading) == ("一要稳，二要𠮷。", ("一、人才",))
    assert [(s.text, s.start, s.end) for s in paragraph.sentences] == [("一要稳，", 0, 4), ("二要𠮷。", 4, 8)]
    assert paragraph.extra == {"document": "d", "heading": ["一、人才"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "全会"}', "`id` is missing"),
        ('{"id": true, "text": "全会"}', "`id`"),
        ('{"id": "r2"}', "`text` is missing"),
        ('{"id": "r2", "text": null}', "not null"),
        ('{"id": "r2", "text": 5}', "not a number"),
        ('{"id": "r2", "text": NaN}', "NaN is not JSON"),
        ('{"id": "r2", "text": "全会", "x": 1e999}', "too large"),
        ('{"id": "r2", "text": "\\ud800"}', "surrogate"),
        ('{"id": "r2", "text": "全会", "x": ["\\ud800"]}', "surrogate"),
        ('{"id": "r2", "id": "r3", "text": "全会"}', "'id' stands twice"),
        ('{"id": "r1", "text": "全会"}', "at line 1"),
        ('{"id": "r2", "sentences": [{"labels": []}]}', "sentences[0]"),
        ('{"id": "r2", "sentences": []}', "`sentences`"),
        ('["r2", "全会"]', "not a list"),
        ('{"id": "r2", ', "not JSON"),
        ('{"id": "r2", "text": "全会", "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"id": "r2", "text": "全会", "x": ' + "9" * 5000 + "}", "too many digits"),
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_line(rows, line, message):
    path = rows({"id": "r1", "text": "全会"}, line)
    error = refused(path)
    assert error.startswith(f"{path}:2: ") and message in error


def test_rows_in_other_encodings(write):
    line = '{"id": "r1", "text": "全会\u2028闭幕"}\n'
    assert "--encoding" in refused(write("a.jsonl", line.encode("gb18030")))
    for encoding in ("gb18030", "utf-16", "utf-8-sig"):
        assert read(write("a.jsonl", line.encode(encoding)), encoding=encoding).paragraphs[0].text == "全会\u2028闭幕"
    assert read(write("b.jsonl", line.encode("utf-8-sig"))).paragraphs[0].id == "r1"


def test_rows_are_streamed_one_by_one(rows):
    items = stream(rows({"id": "r1", "text": "全会"}, "not JSON"))
    assert next(items).id == "r1"
    with pytest.raises(GongbaoError, match=":2: not JSON"):
        next(items)


# Paths


def test_a_folder_stands_for_the_files_below_it(tmp_path, write):
    for name in (
        "in/b.txt",
        "in/a/z.jsonl",
        "in/a/x.MD",
        "in/c.pdf.part",
        "in/.hidden/d.txt",
        "in/.e.txt",
        "in/~$f.txt",
    ):
        write(name, "全会")
    os.symlink(tmp_path / "in", tmp_path / "in" / "a" / "loop")
    found = expand([tmp_path / "in"])
    assert [source.id for source in found] == ["a/x.MD", "a/z.jsonl", "b.txt"]
    assert [source.path for source in found] == [tmp_path / "in" / source.id for source in found]


def test_ids_are_unique_and_a_file_given_twice_is_read_once(tmp_path, write):
    first, second = write("x/a.txt", "全会"), write("y/a.txt", "全会")
    third = write("y/a.txt~2", "全会")
    found = expand([first, tmp_path / "y", second, "-", "-", third])
    assert [(source.path, source.id) for source in found] == [
        (first, "a.txt"),
        (second, "a.txt~2"),
        ("-", "stdin"),
        (third, "a.txt~2~2"),
    ]


def test_paths_with_nothing_to_read_are_errors(tmp_path, write):
    with pytest.raises(GongbaoError, match="no such file"):
        expand([tmp_path / "none.txt"])
    with pytest.raises(GongbaoError, match=r"no file in it .*\.txt"):
        expand([write("in/a.xyz", "全会").parent])


# The ledger


def plain(text):
    made = read_bytes(text.encode(), ".txt")
    return made.ledger


def read_bytes(data, suffix):
    from gongbao.readers.formats import PROSE
    from gongbao.readers.reading import Reading
    from gongbao.segment import segment_lines

    reading = Reading(f"a{suffix}", "a")
    made = segment_lines(list(PROSE[suffix].lines(io.BytesIO(data), reading)), "a", own=PROSE[suffix].own)
    for item in (*made.paragraphs, *made.aside):
        reading.ledger.give(item)
    return types.SimpleNamespace(ledger=reading.ledger, paragraphs=made.paragraphs, aside=made.aside)


LINES = st.sampled_from(
    [
        "一、总体要求", "（一）目标", "（下转第二版）", "- 3 -", "国发〔2024〕5号", "2024年3月1日", "国务院",
        "新华社北京3月1日电 要干。", "来源：本报", "要坚持稳中求进，", "推动高质量发展。", "　　全会指出，",
        "下载 全屏 收藏", "（记者 王一）", "\u200b", "\f",
        "图为现场。", "第一条 为了加强管理，制定本办法。", "AI 赋能 Open Lab",
        "𠮷祥。", "\u202e反写", "……", "；", "1.做强；",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(LINES, st.text(st.characters(codec="utf-8"), max_size=30)), max_size=40))
def test_the_ledger_of_any_text_balances(lines):
    text = "公报\n" + "\n".join(line.replace("\x00", "") for line in lines)
    try:
        made = read_bytes(text.encode(), ".txt")
    except GongbaoError as error:
        assert "binary" in str(error)
        return
    assert made.ledger.difference == 0
    assert made.ledger.characters == len(text.removeprefix("\ufeff"))
    for paragraph in made.paragraphs:
        assert all(paragraph.text[s.start : s.end] == s.text for s in paragraph.sentences)
        assert "".join(s.text for s in paragraph.sentences) == paragraph.text


SENTENCE = st.lists(st.sampled_from("要坚持稳中求进推动高质量发展保障和改善民生深化"), min_size=5, max_size=40).map(
    lambda chars: "，".join("".join(chars[at : at + 9]) for at in range(0, len(chars), 9)) + "。"
)


@given(st.lists(st.lists(SENTENCE, min_size=1, max_size=9).map("".join), min_size=2, max_size=8), st.integers(12, 40))
def test_paragraphs_that_are_indented_come_back_from_any_width(paragraphs, width):
    lines, going_on = [], 0
    for paragraph in paragraphs:
        indented = f"　　{paragraph}"
        printed = [indented[at : at + width] for at in range(0, len(indented), width)]
        lines += printed
        going_on += len(printed) - 1
    # Two lines that go on are too few to tell print from a list.
    assume(going_on >= 3)
    made = read_bytes("\n".join(lines).encode(), ".txt")
    assert [paragraph.text for paragraph in made.paragraphs] == paragraphs


def test_metadata_of_a_document(write):
    document = read(
        write(
            "a.txt",
            f"澜江省人民政府办公厅\n关于改善民生的通知\n澜政办发〔2026〕12号\n\n{TEXT}\n\n澜江省人民政府办公厅\n2026年4月2日\n",
        )
    )
    assert (document.number, document.issuer, document.date) == (
        "澜政办发〔2026〕12号",
        "澜江省人民政府办公厅",
        "2026-04-02",
    )
    assert {aside.reason for aside in document.aside} == {"document-number", "issuer", "date"}
    table = Aside(
        "索引号：1 发文机关：澜江省人民政府 成文日期：2026年3月1日 发文字号：澜政发〔2026〕3号", "navigation", 1
    )
    assert metadata.describe("意见", [table]) == ("2026-03-01", "澜政发〔2026〕3号", "澜江省人民政府")
    assert read(write("b.txt", f"公报\n（二〇二六年七月十八日通过）\n{TEXT}")).date == "2026-07-18"


def test_text_beyond_the_limit_is_refused(write):
    assert "--max-mb" in refused(write("a.txt", "要" * 400_000), limit=1_000_000)
    assert "line 2" in refused(write("a.jsonl", '{"id": 1, "text": ""}\n' + "x" * 1_000_001), limit=1_000_000)


@pytest.mark.parametrize("encoding", ["hz", "utf-16-be", "utf-16-le"])
def test_other_encodings_are_found_or_refused_and_never_misread(write, encoding):
    text = TEXT * 9
    path = write("a.txt", text.encode(encoding))
    try:
        document = read(path)
    except GongbaoError as error:
        assert "--encoding" in str(error)
        document = read(path, encoding=encoding)
    assert [p.text for p in document.paragraphs] == text.splitlines() or encoding == "hz"


def test_long_sentences_and_single_characters(write):
    long = "要坚持稳中求进，" * 1249 + "要坚持稳中求进。"
    document = read(write("a.txt", f"{long}\n字\n𠮷\n"))
    assert [p.text for p in document.paragraphs] == [long, "字", "𠮷"]
    assert document.paragraphs[0].sentences[0].end == 10_000


def test_markdown_s_headings_tables_and_markup(write):
    text = "# 澜江公报\n\n## 总体要求\n\n要坚持稳中求进。\n\n| 地区 | 增速 |\n|---|---|\n| 甲 | 3.5% |\n\n```\n---\n"
    document = read(write("a.md", text))
    assert document.title == "澜江公报"
    assert [(p.kind, p.text, p.heading) for p in document.paragraphs] == [
        ("heading", "澜江公报", ()),
        ("heading", "总体要求", ()),
        ("body", "要坚持稳中求进。", ("总体要求",)),
        ("body", "| 地区 | 增速 |", ("总体要求",)),
        ("body", "| 甲 | 3.5% |", ("总体要求",)),
    ]
    assert [a.text for a in document.aside] == ["#", "##", "|---|---|", "```", "---"]
    assert document.ledger.difference == 0


def test_a_table_of_contents_is_set_apart(write):
    made = read(write("a.txt",
        "某省十四五规划纲要\n\n目　录\n第一章 总体要求..........1\n第一节 基础…………（2）\n第二章 重点任务··········15\n"
        "\n第一章 总体要求\n　　坚持稳中求进，推动发展。\n目录\n　　办好清单，抓好落实。\n"
    ))  # fmt: skip
    assert [a.text for a in made.aside if a.reason == "contents"] == [
        "目　录", "第一章 总体要求..........1", "第一节 基础…………（2）", "第二章 重点任务··········15",
    ]  # fmt: skip
    assert made.title == "某省十四五规划纲要"
    # What is only called so stays.
    assert [p.text for p in made.paragraphs][1:] == [
        "第一章 总体要求", "坚持稳中求进，推动发展。", "目录", "办好清单，抓好落实。",
    ]  # fmt: skip


def test_who_forwards_a_document_issues_it(write):
    made = read(write("a.txt",
        "国务院办公厅关于转发国家发展改革委某某工作方案的通知\n国办函（2024）12号\n\n　　各省：\n　　请贯彻执行。\n"
        "\n国务院办公厅\n二O二四年三月五日\n\n某某工作方案\n国家发展改革委\n2024年1月2日\n"
        "\n　　一、目标。到2025年建成。\n"
    ))  # fmt: skip
    assert (made.date, made.number, made.issuer) == ("2024-03-05", "国办函（2024）12号", "国务院办公厅")
    both = read(write("a.txt", "关于某事的通知\n　　各省：\n　　请执行。\n财政部\n国家税务总局\n2024年3月5日\n"))
    assert both.issuer == "财政部 国家税务总局"


def test_what_repeats_without_end_is_looked_at_a_few_times(write, monkeypatch):
    from gongbao import asides
    from gongbao.readers import titles

    calls = Counter()

    def counted(name, function):
        def called(*arguments, **options):
            calls[name] += 1
            return function(*arguments, **options)

        return called

    monkeypatch.setattr(asides, "credit", counted("credit", asides.credit))
    monkeypatch.setattr(titles, "form", counted("form", titles.form))
    read(write("a.txt", "全会指出。" + "（责编：王一）" * 400))
    assert 0 < calls["credit"] < 20
    page = "<html><body>" + "".join(f"<h2>问{n}</h2>" for n in range(400)) + "</body></html>"
    read(write("a.html", page))
    assert 0 < calls["form"] <= 1000
