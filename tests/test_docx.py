"""Word documents, through `read`."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from make_samples import docx as sample

from gongbao.errors import GongbaoError
from gongbao.readers import read
from gongbao.readers.reading import Reading

BODY = "要坚持稳中求进工作总基调，推动高质量发展。"


@pytest.fixture
def saved(tmp_path):
    def save(document):
        document.save(tmp_path / "a.docx")
        made = read(tmp_path / "a.docx")
        assert made.ledger.difference == 0
        return made

    return save


@pytest.fixture
def repacked(tmp_path):
    def repack(change, name="word/document.xml", more=()):
        """The sample with one part changed, or others added."""
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(sample())) as old, zipfile.ZipFile(file, "w") as new:
            for info in old.infolist():
                data = old.read(info)
                new.writestr(info, change(data) if info.filename == name else data)
            for added, data in more:
                new.writestr(added, data)
        path = tmp_path / "a.docx"
        path.write_bytes(file.getvalue())
        return path

    return repack


def refused(path):
    with pytest.raises(GongbaoError) as error:
        read(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


def paragraph(document, inner):
    document.element.body.insert(-1, parse_xml(f"<w:p {nsdecls('w')}>{inner}</w:p>"))


def run(text, properties=""):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def shown(made):
    return [(p.kind, p.text) for p in made.paragraphs]


def test_headings_come_from_styles_bold_lines_and_numbers(saved):
    document = Document()
    document.add_paragraph("澜江发展纲要", style="Title")
    document.add_paragraph("发展环境", style="Heading 1")
    document.add_paragraph(BODY)
    document.add_paragraph().add_run("国际形势").bold = True
    document.add_paragraph(BODY)
    mixed = document.add_paragraph()
    mixed.add_run("一是").bold = True
    mixed.add_run("抓落实，二是促发展")
    document.add_paragraph("这是一整句话，样式弄错了。", style="Heading 2")
    made = saved(document)
    assert made.title == "澜江发展纲要"
    assert [p.kind for p in made.paragraphs] == ["heading", "heading", "body", "heading", "body", "body", "body"]
    assert made.paragraphs[4].heading == ("发展环境", "国际形势")


def test_numbers_that_word_counts_are_written_out(saved):
    document = Document()
    numbering = document.part.numbering_part.element
    level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
    numbering.insert(0, parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">'
        + level.format(0, "chineseCounting", "%1、") + level.format(1, "decimal", "%2. ")
        + level.format(2, "bullet", "•") + "</w:abstractNum>"
    ))  # fmt: skip
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="91"><w:abstractNumId w:val="90"/></w:num>'))
    for at, text in ((0, "总体要求"), (1, BODY), (0, "重点任务"), (1, BODY), (1, BODY), (2, BODY)):
        asked = f'<w:pPr><w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="91"/></w:numPr></w:pPr>'
        paragraph(document, asked + run(text))
    assert [text for _, text in shown(saved(document))] == [
        "一、总体要求", f"1. {BODY}", "二、重点任务", f"1. {BODY}", f"2. {BODY}", BODY,
    ]  # fmt: skip


def test_numbers_of_one_list_count_on_unless_they_begin_anew(saved):
    """Those of a list share its count; `startOverride` begins at 三, a level of its own at 1."""
    document = Document()
    numbering = document.part.numbering_part.element
    level = '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
    numbering.insert(0, parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">' + level.format("chineseCounting", "%1、")
        + "</w:abstractNum>"
    ))  # fmt: skip
    own = {
        91: "", 92: '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="3"/></w:lvlOverride>', 93: "",
        94: f'<w:lvlOverride w:ilvl="0">{level.format("decimal", "%1. ")}</w:lvlOverride>',
    }  # fmt: skip
    for number, changed in own.items():
        numbering.append(parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="90"/>{changed}</w:num>'
        ))  # fmt: skip
    for number in (91, 91, 92, 92, 93, 94, 94):
        asked = f'<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
        paragraph(document, asked + run(BODY))
    found = [text.removesuffix(BODY) for _, text in shown(saved(document))]
    assert found == ["一、", "二、", "三、", "四、", "五、", "1. ", "2. "]


def test_hyphens_and_symbols_are_text_though_word_writes_them_as_elements(saved):
    document = Document()
    paragraph(document, run("增长5.2") + "<w:r><w:noBreakHyphen/></w:r>" + run("6.3%，到2025年。"))
    paragraph(document, run("完成") + '<w:r><w:sym w:font="Symbol" w:char="221A"/></w:r>' + run("。"))
    paragraph(document, run("改革") + '<w:r><w:sym w:font="Symbol" w:char="D800"/></w:r>' + run("。"))
    assert [text for _, text in shown(saved(document))] == ["增长5.2-6.3%，到2025年。", "完成√。", "改革。"]


def test_a_table_is_read_row_by_row_and_a_frame_as_paragraphs(saved):
    document = Document()
    document.add_paragraph(BODY)
    table = document.add_table(3, 3)
    for index, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"格{index}"
    table.cell(1, 0).merge(table.cell(1, 1))
    table.cell(0, 0).merge(table.cell(2, 0))
    frame = document.add_table(1, 1).cell(0, 0)
    frame.text = BODY
    frame.add_paragraph("全会强调，要改善民生。")
    inner = frame.add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "甲", "乙"
    made = saved(document)
    rows = [text for _, text in shown(made)]
    assert rows[0] == BODY and rows[-3:] == [BODY, "全会强调，要改善民生。", "甲 乙"]
    assert "".join(rows[1:-3]).count("格") == 9


def test_what_stands_beside_the_text_is_set_apart_with_its_reason(saved):
    document = Document()
    document.sections[0].header.paragraphs[0].text = "内部资料"
    document.sections[0].footer.paragraphs[0].text = "- 3 -"
    paragraph(document, run(BODY) + '<w:del w:id="1" w:author="a"><w:r><w:delText>删去的话</w:delText></w:r></w:del>')
    paragraph(document, f'<w:moveFrom w:id="2" w:author="a">{run("移走的话")}</w:moveFrom>' + run(BODY))
    paragraph(document, f'<w:ins w:id="3" w:author="a">{run("新加的话。")}</w:ins>')
    paragraph(document, run(BODY) + run("隐藏的话", "<w:vanish/>"))
    made = saved(document)
    assert [text for _, text in shown(made)] == [BODY, BODY, "新加的话。", BODY]
    assert {(a.text, a.reason) for a in made.aside} == {
        ("内部资料", "running-head"), ("- 3 -", "page-number"), ("删去的话", "deleted"), ("移走的话", "deleted"),
        ("隐藏的话", "hidden"),
    }  # fmt: skip


def field(instruction, result):
    """A field as Word writes it: its instruction, and what it shows."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    asked = f"<w:r><w:instrText> {instruction} </w:instrText></w:r>"
    return mark.format("begin") + asked + mark.format("separate") + result + mark.format("end")


def test_a_table_of_contents_is_set_apart(saved):
    document = Document()
    document.add_paragraph("目　录")
    link = '<w:hyperlink w:anchor="_Toc{0}">{1}<w:r><w:tab/></w:r>{2}</w:hyperlink>'
    entries = [
        link.format(at, run(f"{number}、总体要求"), field(f"PAGEREF _Toc{at} \\h", run("2")))
        for at, number in enumerate("一二")
    ]
    begin, end = field("TOC \\o", "@").split("@")
    paragraph(document, begin + entries[0])
    paragraph(document, entries[1])
    paragraph(document, run("四、保障措施"))
    paragraph(document, end + run(BODY))
    document.styles.add_style("toc 1", 1)
    document.add_paragraph("五、附则", style="toc 1")
    paragraph(document, run("见") + field("PAGEREF _Toc1", run("2")) + run("页的说明。"))
    made = saved(document)
    assert [text for _, text in shown(made)] == [BODY, "见2页的说明。"]
    assert [(a.text, a.reason) for a in made.aside] == [
        (text, "contents") for text in ("目　录", "一、总体要求 2", "二、总体要求 2", "四、保障措施", "五、附则")
    ]


@pytest.mark.parametrize(
    ("name", "content", "data", "found"),
    [
        ("a.htm", "text/html", f"<meta charset=utf-8><p>{BODY}</p><nav>首页</nav>".encode(), [BODY]),
        (
            "a.txt",
            "text/plain",
            f"{BODY}\n\n全会强调，要改善民生。".encode("gb18030"),
            [BODY, "全会强调，要改善民生。"],
        ),
        ("a.rtf", "application/rtf", b"{\\rtf1 x}", []),
    ],
)
def test_a_file_put_in_by_reference_is_read_in_its_place(tmp_path, name, content, data, found):
    document = Document()
    document.add_paragraph("前。")
    part = Part(PackURI(f"/word/{name}"), content, data, document.part.package)
    given = document.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk")
    document.element.body.insert(-1, parse_xml(f'<w:altChunk {nsdecls("w", "r")} r:id="{given}"/>'))
    document.add_paragraph("后。")
    document.save(tmp_path / "a.docx")
    made = read(tmp_path / "a.docx")
    assert made.ledger.difference == 0
    assert [text for _, text in shown(made)] == ["前。", *found, "后。"]
    assert ("not-read" in {a.reason for a in made.aside}) is (not found)


def test_legal_numbers_are_in_figures_throughout(saved):
    document = Document()
    numbering = document.part.numbering_part.element
    level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/>{}<w:lvlText w:val="{}"/></w:lvl>'
    numbering.insert(0, parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">' + level.format(0, "chineseCounting", "", "%1、")
        + level.format(1, "decimal", "<w:isLgl/>", "%1.%2 ") + "</w:abstractNum>"
    ))  # fmt: skip
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="91"><w:abstractNumId w:val="90"/></w:num>'))
    for at in (0, 0, 1):
        asked = f'<w:pPr><w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="91"/></w:numPr></w:pPr>'
        paragraph(document, asked + run(BODY))
    assert [text[:4] for _, text in shown(saved(document))] == ["一、要坚", "二、要坚", "2.1 "]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("　　坚持稳中求进\n工作总基调，加快发展。", ["坚持稳中求进工作总基调，加快发展。"]),
        ("到2027年，产业规模稳步扩大，\n结构优化。", ["到2027年，产业规模稳步扩大，结构优化。"]),
        (f"{BODY[:-1] * 2}\n再上台阶。", [f"{BODY[:-1] * 2}再上台阶。"]),
        ("总体要求\n坚持稳中求进。", ["总体要求", "坚持稳中求进。"]),
        ("　　1．开展换新。\n　　2．提升便利。", ["1．开展换新。", "2．提升便利。"]),
        ("　　出席：张三\n列席：李四等。", ["出席：张三", "列席：李四等。"]),
        ("澜江省人民政府\n关于就业的意见", ["澜江省人民政府", "关于就业的意见"]),
    ],
)
def test_a_break_in_mid_sentence_is_one_of_layout(saved, text, found):
    document = Document()
    document.add_paragraph(text)
    assert [text for _, text in shown(saved(document))] == found


def test_a_paragraph_whose_end_was_struck_out_goes_on(saved):
    document = Document()
    struck = '<w:pPr><w:rPr><w:del w:id="5" w:author="a"/></w:rPr></w:pPr>'
    paragraph(document, struck + run("前半句与"))
    paragraph(document, run("后半句本是一段。"))
    document.add_table(1, 2).cell(0, 0).text = "甲"
    paragraph(document, struck + run(BODY))
    assert [text for _, text in shown(saved(document))] == ["前半句与后半句本是一段。", "甲", BODY]


def test_what_asks_to_be_replaced_and_a_struck_row_are_set_apart(saved):
    document = Document()
    paragraph(document, run(BODY))
    control = "<w:sdt{}><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    block = control.format(f" {nsdecls('w')}", f"<w:p>{run('单击此处输入文字。')}</w:p>")
    document.element.body.insert(-1, parse_xml(block))
    paragraph(document, run("时间：") + control.format("", run("选择日期")))
    table = document.add_table(2, 2)
    for at, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"格{at}"
    table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f'<w:del {nsdecls("w")} w:id="7" w:author="a"/>'))
    made = saved(document)
    assert [text for _, text in shown(made)] == [BODY, "时间：", "格2 格3"]
    assert [(a.text, a.reason) for a in made.aside] == [
        ("单击此处输入文字。", "placeholder"), ("选择日期", "placeholder"), ("格0", "deleted"), ("格1", "deleted"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "data", "said"),
    [
        (".docx", b"<!DOCTYPE html><html>", "HTML; name it .html"),
        (".docx", b"{\\rtf1 a}", "RTF; convert it to .docx"),
        (".docx", b"%PDF-1.7 a", "a PDF; name it .pdf"),
        (".pdf", b"<html><p>a", "HTML; name it .html"),
        (".pdf", b"PK\x03\x04" + bytes(40), "name it .zip, .docx or .xlsx"),
        (".html", b"PK\x03\x04" + bytes(40), "name it .zip, .docx or .xlsx"),
        (".mht", b"<html><p>a", "HTML; name it .html"),
    ],
)
def test_an_error_says_what_a_file_of_a_wrong_suffix_is(tmp_path, suffix, data, said):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    assert said in refused(path)


def test_an_error_shows_no_object_of_the_program():
    with pytest.raises(GongbaoError, match="cannot read the file as it is") as error, Reading("a", "a").sound(".docx"):
        raise ValueError("cannot read <_io.BufferedReader name='a'> as it is")
    assert "<" not in str(error.value)


def test_a_box_is_read_once(saved):
    document = Document()
    wps = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = f"<w:txbxContent><w:p>{run('框里的一句话。')}</w:p></w:txbxContent>"
    paragraph(
        document,
        run(BODY) + f'<w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice xmlns:wps="{wps}" Requires="wps">'
        f"<wps:txbx>{box}</wps:txbx></mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>",
    )
    assert [text for _, text in shown(saved(document))] == [BODY, "框里的一句话。"]


def test_breaks_in_a_paragraph(saved):
    document = Document()
    document.add_paragraph("全会指出，\n要稳中求进。\n全会强调，要改善民生。")
    assert [text for _, text in shown(saved(document))] == ["全会指出，要稳中求进。", "全会强调，要改善民生。"]


def test_a_document_whose_paragraphs_are_printed_lines_is_joined(saved):
    text = "".join(f"要坚持问题导向，推动第{n}项改革举措落地见效，让群众有更多获得感。" for n in "一二三四五六七八")
    document = Document()
    for at in range(0, len(text), 17):
        document.add_paragraph(text[at : at + 17])
    assert [text for _, text in shown(saved(document))] == [text]


def test_footnotes_are_set_apart(repacked):
    note = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p>{run("见统计公报。")}</w:p></w:footnote></w:footnotes>'
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    path = repacked(
        lambda data: data.replace(
            b"</Relationships>",
            f'<Relationship Id="rId99" Type="{related}" Target="footnotes.xml"/></Relationships>'.encode(),
        ),
        "word/_rels/document.xml.rels",
    )
    with zipfile.ZipFile(path) as package:
        types = package.read("[Content_Types].xml").replace(
            b"</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'.encode()
        )
        parts = {info.filename: package.read(info) for info in package.infolist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, data in (parts | {"[Content_Types].xml": types, "word/footnotes.xml": note.encode()}).items():
            package.writestr(name, data)
    made = read(path)
    assert ("见统计公报。", "footnote") in {(a.text, a.reason) for a in made.aside}
    assert made.ledger.difference == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", "公报".encode() * 99])
def test_what_is_no_word_document_is_refused(tmp_path, content):
    (tmp_path / "a.docx").write_bytes(content)
    refused(tmp_path / "a.docx")


def test_a_document_with_a_password_or_of_the_old_format_is_refused(tmp_path):
    (tmp_path / "a.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)
    assert "password" in refused(tmp_path / "a.docx")


def test_entities_are_refused_before_they_are_expanded(repacked):
    bomb = b'<!DOCTYPE w [<!ENTITY a "' + "公".encode() * 99 + b'"><!ENTITY b "&a;&a;&a;">]>'
    said = refused(repacked(lambda data: data.replace(b"?>", b"?>" + bomb, 1)))
    assert "document type" in said


def test_a_bomb_is_refused_before_it_is_unpacked(repacked, monkeypatch):
    path = repacked(lambda data: data)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/a.xml", b" " * 30_000_000)
    assert "bomb" in refused(path)


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_document_gives_one_line_or_balances(tmp_path, seed):
    import random

    random_ = random.Random(seed)
    data = bytearray(sample())
    for _ in range(random_.choice((1, 5, 50))):
        data[random_.randrange(len(data))] = random_.randrange(256)
    path = tmp_path / "a.docx"
    path.write_bytes(data[: random_.choice((len(data), len(data) // 2))])
    try:
        assert read(path).ledger.difference == 0
    except GongbaoError as error:
        assert "\n" not in str(error)
