"""PDFs to documents: columns, tables, footnotes, turned pages, damaged and hostile files."""

from __future__ import annotations

import json
import random
import re
import zlib
from collections import defaultdict
from io import BytesIO

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfs import FONT, HEIGHT, WIDTH, Press, broken, prose
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from gongbao.errors import GongbaoError
from gongbao.readers import read
from gongbao.readers.pdf import pdf_lines
from gongbao.readers.reading import Reading


@pytest.fixture
def document(tmp_path):
    def document(data):
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        found = read(path)
        balanced(found, data)
        return found

    return document


def balanced(found, data):
    """Nothing is lost, and what was counted is what pdfplumber finds, but for what it drops."""
    import pdfplumber

    assert found.ledger.difference == 0
    dropped = sum(len(re.findall("[·•]", item.text)) for item in (*found.paragraphs, *found.aside))
    with pdfplumber.open(BytesIO(data)) as pdf:
        counted = sum(len(char["text"]) for page in pdf.pages for char in page.chars)
    assert found.ledger.characters == counted + dropped


def texts(found):
    return [paragraph.text for paragraph in found.paragraphs]


def apart(found):
    return [(aside.text, aside.reason) for aside in found.aside]


def lines(data):
    return list(pdf_lines(BytesIO(data), Reading("a.pdf", "a")))


def raw(*objects):
    """A PDF of objects written by hand; the first is the catalog."""
    data = b"%PDF-1.7\n"
    for number, content in enumerate(objects, 1):
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    return data + b"trailer\n<</Root 1 0 R>>\n%%EOF"


def drawn(content, extra=b"", more=()):
    """A page with drawing instructions."""
    stream = zlib.compress(content)
    return raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%b>>>>" % extra,
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    )


# Columns


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("justified", [True, False])
@pytest.mark.parametrize(("size", "leading"), [(16, 28), (10.5, 17), (9, 11.5)])
def test_wrapped_columns_give_their_paragraphs(document, columns, justified, size, leading):
    for seed in range(2):
        press = Press(size, leading)
        press.head, press.numbered = "澜江省人民政府公报", True
        paragraphs = prose(seed, 24)
        # Columns need not share their baselines.
        press.flow(paragraphs, columns, gutter=1.6 * size, justified=justified, ragged=5.0 * seed)
        found = document(press.done())
        assert texts(found) == paragraphs
        assert {reason for _, reason in apart(found)} == {"running-head", "page-number"}
        assert len(found.aside) == 2 * found.paragraphs[-1].page


def test_real_paragraphs_survive_print(document):
    documents = defaultdict(list)
    for row in map(json.loads, (ROOT / "data" / "gold.jsonl").read_text(encoding="utf-8").splitlines()):
        documents[row["document"]].append("".join(sentence["text"] for sentence in row["sentences"]))
    for name in ("g01", "g07", "h02"):
        paragraphs = documents[name]
        for columns in (1, 2):
            press = Press(16 if columns == 1 else 10.5, 28 if columns == 1 else 17)
            press.numbered = True
            press.flow(paragraphs, columns)
            found = texts(document(press.done()))
            missing = [p for p in paragraphs if p not in found]
            assert not [p for p in missing if "·" not in p and "•" not in p and not p.startswith(("（20", "——20"))]


def test_a_headline_across_the_columns_breaks_the_page_in_bands(document):
    press = Press()
    upper, lower = prose(1, 5), prose(2, 5)
    press.centred(70, "澜江省委召开全会", 22)
    low = press.flow(upper, 2, top=100, balanced=True)
    press.centred(low + 50, "全省经济工作会议举行", 18)
    press.flow(lower, 2, top=low + 80, balanced=True)
    found = document(press.done())
    assert texts(found) == ["澜江省委召开全会", *upper, "全省经济工作会议举行", *lower]
    assert found.title == "澜江省委召开全会"


def test_a_column_may_begin_lower_and_end_higher_than_its_neighbour(document):
    press = Press()
    left, right = prose(5, 5), prose(6, 3)
    for x, top, paragraphs in ((70, 80, left), (310, 143, right)):
        y = top
        for paragraph in paragraphs:
            for at in range(0, len(line := "　　" + paragraph), 20):
                press.put(x, y, line[at : at + 20])
                y += 17
    joined = ["".join(text.split()) for text in texts(document(press.done()))]
    assert joined == ["".join(text.split()) for text in [*left, *right]]


def test_boxed_articles_are_no_table(document):
    press = Press()
    left, right = prose(7, 4), prose(8, 4)
    low = press.flow([*left, *right], 2, top=100, balanced=True)
    press.canvas.grid([60, 297, 535], [HEIGHT - 80, HEIGHT - low - 10, HEIGHT - low - 20])
    found = document(press.done())
    assert texts(found) == [*left, *right]


def test_cells_without_rules_are_read_across(document):
    press = Press()
    rows = [("临澜市", "12", "增长6.5%"), ("云桥区", "7", "增长3.1%"), ("青石镇", "5", "下降1.2%")]
    for at, row in enumerate(rows):
        for x, cell in zip((80, 260, 420), row, strict=True):
            press.put(x, 100 + 17 * at, cell)
    assert texts(document(press.done())) == [" ".join(row) for row in rows]


# Paragraphs


@pytest.mark.parametrize(("width", "size"), [(24, 16), (38, 12), (75, 10)])
def test_a_short_document_of_long_or_short_lines_gives_its_paragraphs(document, width, size):
    press = Press(size)
    press.canvas.setPageSize((size * width + 140, HEIGHT))
    paragraphs = ["".join(prose(seed, 6))[: int(1.6 * width)] + "。" for seed in (21, 22, 23)]
    y = 80.0
    for paragraph in paragraphs:
        for at, line in enumerate(broken(paragraph, width * size, size)):
            press.put(70 + (0 if at else 2 * size), y, line)
            y += 1.7 * size
    assert texts(document(press.done())) == paragraphs


def test_a_paragraph_of_two_lines_alone_is_one(document):
    press = Press(16)
    text = "为贯彻落实国务院部署，结合我省实际，现提出如下意见。"
    press.put(102, 100, text[:23])
    press.put(70, 128, text[23:])
    assert texts(document(press.done())) == [text]


def test_a_sentence_goes_on_over_pages_of_wide_lines(document):
    press = Press(7, 11)
    press.numbered = True
    paragraphs = [text for seed in range(20, 30) for text in prose(seed, 6)]
    press.flow(paragraphs, bottom=400)
    found = document(press.done())
    assert max(len(line) for text in paragraphs for line in broken(text, WIDTH - 140, 7)) > 60
    assert texts(found) == paragraphs and found.paragraphs[-1].page > 2


def test_lines_that_end_before_the_edge_are_not_joined(document):
    press = Press()
    body = prose(24, 4)
    low = press.flow(body, top=80)
    listed = ["一、加强领导", "1.压实责任", "2.督促检查", "附件1", "责任单位：省水利厅"]
    for at, line in enumerate(listed):
        press.put(70, low + 17 * (at + 1), line)
    assert texts(document(press.done())) == [*body, *listed]


def test_rows_that_no_rules_part_are_rows_and_no_heads(document):
    press = Press()
    for page in range(4):
        low = press.flow(prose(30 + page, 2), top=80)
        for at, row in enumerate([("项目", "金额"), ("教育", f"{page}12"), ("合计", f"{page}99")]):
            for x, cell in zip((70, 480), row, strict=True):
                press.put(x, low + 20 + 17 * at, cell)
        if page < 3:
            press.turn()
    made = lines(press.done())
    rows = [line for line in made if line.whole]
    assert [(line.text, line.reason) for line in rows if line.page == 2] == [
        ("项目 金额", None),
        ("教育 112", None),
        ("合计 199", None),
    ]
    assert len(rows) == 12 and not any(line.reason for line in made)


def test_an_annex_in_small_type_at_the_top_is_no_head():
    press = Press(16, 28)
    press.put(70, 50, "附件1", 12)
    press.flow(prose(25, 3), top=120)
    press.put(70, 800, "合计 12", 12)
    assert [line.text for line in lines(press.done()) if line.reason] == []


def test_a_last_column_of_a_few_words_is_read_last(document):
    press = Press(10, 15)
    text = "".join(prose(26, 8))
    made = broken(text, 220, 10)
    for at, line in enumerate(made[:20]):
        press.put(70 + (0 if at else 20), 80 + 15 * at, line)
    press.put(310, 80, "方面考虑。")
    assert texts(document(press.done())) == ["".join([*made[:20], "方面考虑。"])]


# What stands between paragraphs


def test_a_table_is_read_row_by_row_in_its_place(document):
    press = Press()
    before, after = prose(3, 3), prose(4, 3)
    low = press.flow(before, top=80)
    rows = [["项目", "责任单位", "完成时限"], ["岸线修复", "省水利厅", "2027年"], ["普惠托位", "省卫生健康委", ""]]
    low = press.table(90, low + 20, rows, [120, 160, 120])
    press.flow(after, top=low + 30)
    data = press.done()
    assert texts(document(data)) == [*before, *(" ".join(filter(None, row)) for row in rows), *after]
    table = [line for line in lines(data) if line.whole]
    assert [line.text for line in table] == ["\t".join(filter(None, row)) for row in rows]


def test_a_cell_that_spans_rows_is_read_in_the_first(document):
    press = Press()
    for x0, y0, x1, y1 in [
        (100, 100, 400, 100),
        (200, 130, 400, 130),
        (100, 160, 400, 160),
        (100, 100, 100, 160),
        (200, 100, 200, 160),
        (300, 100, 300, 160),
        (400, 100, 400, 160),
    ]:
        press.canvas.line(x0, HEIGHT - y0, x1, HEIGHT - y1)
    for x, y, cell in [
        (110, 135, "能源"),
        (210, 120, "电力"),
        (310, 120, "3台"),
        (210, 150, "煤炭"),
        (310, 150, "5台"),
    ]:
        press.put(x, y, cell)
    assert [line.text for line in lines(press.done())] == ["能源\t电力\t3台", "煤炭\t5台"]


def test_a_title_over_two_lines_is_one(document):
    press = Press(16, 28)
    press.centred(90, "中国共产党澜江省第九届委员会", 22)
    press.centred(122, "第五次全体会议公报", 22)
    paragraphs = prose(9, 4)
    press.flow(paragraphs, top=180)
    found = document(press.done())
    assert found.title == "中国共产党澜江省第九届委员会第五次全体会议公报"
    assert texts(found) == [found.title, *paragraphs]


def test_a_letterhead_is_no_title():
    press = Press(16, 28)
    press.centred(100, "中共澜江省委文件", 40)
    press.centred(150, "澜发〔2024〕5号", 16)
    press.centred(210, "关于加快建设山水智造之省的决定", 22)
    press.flow(prose(9, 4), top=260)
    found = lines(press.done())
    assert [line.text for line in found if line.level == 0] == ["关于加快建设山水智造之省的决定"]


def test_footnotes_and_their_markers_are_set_apart(document):
    press = Press(10.5, 17)
    paragraphs = prose(10, 5)
    low = press.flow([*paragraphs, "全会通过了决定"], top=80, justified=False)
    press.put(70 + 9 * 10.5, low - 4, "1", 6)
    press.put(70 + 9 * 10.5 + 4, low, "。")
    press.put(70 + 11 * 10.5, low, "全省面积12万km")
    press.put(70 + 11 * 10.5 + 74, low - 4, "2", 6)
    press.canvas.line(70, 110, 200, 110)
    press.put(70, HEIGHT - 98, "1", 5)
    press.put(76, HEIGHT - 95, "见《澜江日报》2024年7月1日第一版。", 8)
    press.put(70, HEIGHT - 80, "2 按常住人口计算，不含流动人口。", 8)
    press.numbered = True
    found = document(press.done())
    assert texts(found)[:-1] == paragraphs
    assert texts(found)[-1].startswith("全会通过了决定。") and texts(found)[-1].endswith("km2")
    assert [text for text, reason in apart(found) if reason == "footnote"] == [
        "1",
        "1见《澜江日报》2024年7月1日第一版。",
        "2 按常住人口计算，不含流动人口。",
    ]


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("written", ["upright", "turned"])
def test_turned_pages_are_read_their_way(document, turn, written):
    """`/Rotate` turns what was written sideways upright, or the page holds sideways text and does not say so."""
    press = Press()
    paragraphs = prose(11, 5)
    canvas = press.canvas
    if written == "upright":
        canvas.setPageRotation(turn)
    canvas.rotate(turn)
    canvas.translate(*{90: (0, -WIDTH), 180: (-WIDTH, -HEIGHT), 270: (-HEIGHT, 0)}[turn])
    press.flow(paragraphs, top=290 if turn != 180 else 80, bottom=780)
    assert texts(document(press.done())) == paragraphs


def test_sideways_text_is_set_apart(document):
    press = Press()
    paragraphs = prose(12, 5)
    press.flow(paragraphs, top=80)
    canvas = press.canvas
    for angle, x in ((90, 30), (45, 300)):
        canvas.saveState()
        canvas.translate(x, 300)
        canvas.rotate(angle)
        canvas.setFont(FONT, 12)
        canvas.drawString(0, 0, "内部资料")
        canvas.restoreState()
    found = document(press.done())
    assert texts(found) == paragraphs
    assert ("内部资料内部资料", "rotated") in apart(found)


def test_vertical_writing_is_read_from_the_right(document):
    press = Press()
    font = UnicodeCIDFont(FONT, isVertical=True)
    # The same name for another way of writing.
    font.name = font.fontName = "upright"
    pdfmetrics.registerFont(font)
    press.canvas.setFont("upright", 12)
    press.canvas.drawString(400, 700, "全会指出，要稳中求进。")
    press.canvas.drawString(380, 700, "会议强调，要抓好落实。")
    assert texts(document(press.done())) == ["全会指出，要稳中求进。", "会议强调，要抓好落实。"]


def test_characters_printed_twice_are_counted_once(document):
    press = Press()
    paragraphs = prose(13, 4)
    press.centred(60, "一、总体要求")
    press.put((WIDTH - 63) / 2 + 0.4, 60, "一、总体要求")
    press.flow(paragraphs, top=90)
    found = document(press.done())
    assert texts(found) == ["一、总体要求", *paragraphs]
    assert ("一、总体要求", "overprinted") in apart(found)


def test_a_page_without_text_is_said_to_be_one(document):
    press = Press()
    press.flow(prose(14, 3))
    press.turn()
    press.canvas.rect(0, 0, WIDTH, HEIGHT, fill=1)
    found = document(press.done())
    assert [(a.text, a.reason, a.page) for a in found.aside] == [("", "no-text", 2)]
    assert texts(found) == prose(14, 3)


def test_characters_that_no_font_names_are_set_apart(document):
    font = b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[6 0 R]>>"
    cid = b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)>>>>"
    data = drawn(b"BT /F 12 Tf 50 700 Td (Plain) Tj /G 12 Tf <00010002> Tj ET").replace(
        b"/F 5 0 R", b"/F 5 0 R/G 7 0 R"
    )
    data = data.replace(b"trailer", b"6 0 obj\n" + cid + b"\nendobj\n7 0 obj\n" + font + b"\nendobj\ntrailer")
    found = document(data)
    assert (texts(found), apart(found)) == (["Plain"], [("(cid:1)(cid:2)", "unmapped")])


def test_characters_missing_in_a_fonts_table_are_read_by_their_code(document):
    press = Press()
    press.put(70, 100, "约翰·史密斯说：• 要抓好落实。")
    assert texts(document(press.done())) == ["约翰·史密斯说：• 要抓好落实。"]


@pytest.mark.parametrize(
    ("encoding", "codes", "kept", "set_apart"),
    [
        ("UniGB-UTF16-H", "4f1a00b7ff01d840dc0b", "会·！𠀋", []),
        ("GBK-EUC-H", "bbe1a1a4", "会·", []),
        ("GB-H", "3b617e7e", "会", [("(code:7e7e)", "unmapped")]),
        ("Unheard-H", "4f1a", "", [("(code:4f1a)", "unmapped")]),
    ],
)
def test_no_code_of_a_chinese_encoding_is_dropped(tmp_path, encoding, codes, kept, set_apart):
    font = b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/%b/DescendantFonts[6 0 R]>>" % encoding.encode()
    cid = b"<</Type/Font/Subtype/CIDFontType0/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)>>>>"
    data = drawn(b"BT /F 12 Tf 50 700 Td <%b> Tj ET" % codes.encode(), more=[cid])
    path = tmp_path / "a.pdf"
    path.write_bytes(data.replace(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", font))
    found = read(path)
    assert ("".join(texts(found)), apart(found), found.ledger.difference) == (kept, set_apart, 0)


def test_latin_words_keep_their_spaces_though_none_is_written(document):
    found = document(drawn(b"BT /F 12 Tf 50 700 Td [(open)-400(day)-100(s)-500(12)] TJ ET"))
    assert texts(found) == ["open days 12"]


def test_radicals_are_read_as_the_characters_that_they_look_like():
    from gongbao.readers.glyphs import Mark, compose

    marks = [Mark(char, (12 * at, 0, 12 * at + 12, 12), (12 * at, 2), 12, 0) for at, char in enumerate("⺠⽣一民生")]
    assert "".join(glyph.text for glyph in compose(1, marks, [], []).glyphs) == "民生一民生"


# Nothing is lost

pieces = st.tuples(
    st.floats(0, 595),
    st.floats(0, 842),
    st.text(alphabet="全会强调，。省委Open 12（）①·—　", max_size=30),
    st.sampled_from([0.5, 6, 9, 10.5, 16, 40]),
    st.sampled_from([0, 0, 0, 0, 90, 180, 30]),
)
rectangles = st.tuples(st.floats(0, 595), st.floats(0, 842), st.floats(-300, 300), st.floats(-300, 300))


@settings(max_examples=60)
@given(
    st.lists(st.lists(pieces | rectangles, max_size=25), min_size=1, max_size=3),
    st.sampled_from([0, 90, 180, 270]),
)
def test_the_account_balances_for_any_layout(tmp_path_factory, pages, turn):
    press = Press()
    for page in pages:
        press.canvas.setPageRotation(turn)
        for piece in page:
            if len(piece) == 4:
                press.canvas.rect(*piece)
                continue
            x, y, text, size, angle = piece
            press.canvas.saveState()
            press.canvas.translate(x, y)
            press.canvas.rotate(angle)
            press.canvas.setFont(FONT, size)
            press.canvas.drawString(0, 0, text)
            press.canvas.restoreState()
        press.turn()
    data = press.done()
    path = tmp_path_factory.getbasetemp() / "layout.pdf"
    path.write_bytes(data)
    balanced(read(path), data)


# Files that are not sound


def encrypted(user, owner):
    press = Press(encrypt=StandardEncryption(user, owner))
    press.canvas.setFont("Helvetica", 12)
    press.canvas.drawString(70, 700, "Plenary communique")
    return press.done()


def test_an_owners_password_alone_is_no_obstacle(document):
    assert texts(document(encrypted("", "secret"))) == ["Plenary communique"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "damaged"),
        (b"plain text, whatever its name", "damaged"),
        (b"%PDF-1.7\n%%EOF", "damaged"),
        (raw(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), "no page"),
        (encrypted("secret", "secret"), "save it without"),
        (drawn(b"BT /F 1 Tf " + b"(0123456789) Tj " * 100_000 + b" ET"), "characters"),
        (drawn(b"q Q " * 4_000_000), "instructions"),
        (drawn(b"0" * 400_000_000), "bomb"),
        (drawn(b"1").replace(b"/Filter/FlateDecode", b"/Filter[/FlateDecode/FlateDecode]"), "bomb"),
    ],
    ids=["empty", "text", "header", "none", "password", "characters", "instructions", "bomb", "twice"],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, data, said):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with pytest.raises(GongbaoError) as error:
        read(path)
    assert said in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_forms_that_draw_each_other_are_refused(tmp_path):
    forms = [
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>/Length 60>>" % (number + 1)
        + b"stream\n%b\nendstream" % (b"/X Do " * 10)
        for number in range(6, 16)
    ]
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn(b"/X Do", b"/XObject<</X 6 0 R>>", forms))
    with pytest.raises(GongbaoError, match="instructions"):
        read(path)


def test_a_font_that_claims_more_characters_than_there_are_is_refused(tmp_path):
    font = b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/W[0 4000000000 500]>>"
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn(b"BT /F 12 Tf (a) Tj ET").replace(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", font))
    with pytest.raises(GongbaoError, match="font"):
        read(path)


def test_a_page_of_any_size_and_a_deep_tree_of_pages(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn(b"BT /F 12 Tf 50 9e9 Td (far) Tj ET").replace(b"600 800", b"1e30 8e29"))
    assert read(path).ledger.difference == 0
    tree = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 1) for number in range(2, 3000)]
    path.write_bytes(raw(b"<</Type/Catalog/Pages 2 0 R>>", *tree))
    with pytest.raises(GongbaoError):
        read(path)


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn(b"BT /F 12 Tf (a) Tj ET"))
    with pytest.raises(GongbaoError, match="limit"):
        read(path, limit=100)


@pytest.mark.parametrize("seed", range(30))
def test_mutated_files_are_read_or_refused(tmp_path, capfd, seed):
    press = Press()
    press.flow(prose(16, 4), 2)
    path = tmp_path / "a.pdf"
    path.write_bytes(mutated(press.done(), seed))
    try:
        assert read(path).ledger.difference == 0
    except GongbaoError as error:
        assert "\n" not in str(error)
    assert capfd.readouterr() == ("", "")


def mutated(data, seed):
    draw = random.Random(seed)
    made = bytearray(data)
    if seed % 3 == 0:
        return bytes(made[: draw.randrange(len(made))])
    for _ in range(draw.choice([1, 10, 100])):
        made[draw.randrange(len(made))] = draw.randrange(256)
    return bytes(made)
