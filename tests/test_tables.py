"""Tables to paragraphs: .csv, .tsv, .xlsx and .parquet, through `read`."""

from __future__ import annotations

import csv
import datetime
import io

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from gongbao.errors import GongbaoError
from gongbao.readers import examine, read
from gongbao.readers.csv import csv_paragraphs
from gongbao.readers.reading import Reading

FIRST, SECOND = "要坚持稳中求进。", "要保障和改善民生。"


@pytest.fixture
def csv_file(tmp_path):
    def write(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def book(tmp_path):
    def write(**sheets):
        made = Workbook()
        made.remove(made.active)
        for name, rows in sheets.items():
            sheet = made.create_sheet(name)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(**columns):
        pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    return write


def texts(path, **options):
    document = read(path, **options)
    assert document.ledger.difference == 0
    return [paragraph.text for paragraph in document.paragraphs]


def refused(path, **options):
    with pytest.raises(GongbaoError) as error:
        read(path, **options)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


def test_a_row_is_a_paragraph_and_its_other_columns_are_kept(csv_file):
    path = csv_file(f"id,year,text,heading\na,2024,{FIRST},一、总体要求\nb,2025,{SECOND},\n")
    first, second = read(path).paragraphs
    assert (first.id, first.text, first.heading, first.extra) == (
        "a", FIRST, ("一、总体要求",), {"year": "2024", "heading": "一、总体要求"},
    )  # fmt: skip
    assert (second.id, second.number, second.document, second.heading) == ("b", 2, "a.csv", ())
    assert [sentence.text for sentence in second.sentences] == [SECOND]


def test_the_column_of_text_is_found_or_named(csv_file):
    assert texts(csv_file(f"年份,正文\n2024,{FIRST}\n")) == [FIRST]
    named = csv_file(f"年份,要点\n2024,{FIRST}\n")
    assert texts(named, column="要点") == [FIRST]
    said = refused(named)
    assert "--column" in said and "'要点'" in said
    assert "'text'" in refused(named, column="text")


def test_a_file_of_one_column_needs_no_header(csv_file):
    assert texts(csv_file(f"{FIRST}\n{SECOND}\n")) == [FIRST, SECOND]
    assert texts(csv_file(f"text\n{SECOND}\n")) == [SECOND]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_separators_and_line_ends(csv_file, delimiter):
    content = f'text{delimiter}n\r\n"{FIRST}\r\n{SECOND}"{delimiter}1\r\n'
    assert texts(csv_file(content)) == [f"{FIRST}\r\n{SECOND}"]
    assert texts(csv_file(content.replace(delimiter, "\t"), "a.tsv")) == [f"{FIRST}\r\n{SECOND}"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(csv_file, encoding):
    path = csv_file(f"n,text\n1,{FIRST}\n2,会议应到委员六十八人，实到六十五人。\n".encode(encoding))
    assert texts(path) == [FIRST, "会议应到委员六十八人，实到六十五人。"]
    assert read(path).encoding in {encoding, "utf-8"}


def test_rows_without_text_are_set_aside_and_empty_ones_passed(csv_file):
    document = read(csv_file(f"text,n\n{FIRST},1\n,2\n,\n\n{SECOND},3\n"))
    assert [paragraph.text for paragraph in document.paragraphs] == [FIRST, SECOND]
    assert [(aside.reason, aside.line) for aside in document.aside] == [("empty-row", 3)]


def test_ids_must_differ(csv_file):
    said = refused(csv_file(f"id,text\na,{FIRST}\na,{SECOND}\n"))
    assert ":3: " in said and "'a'" in said and "line 2" in said


def test_columns_of_the_same_name_and_rows_too_long(csv_file):
    (paragraph,) = read(csv_file(f"text,n,n,\n{FIRST},1,2,3,4\n")).paragraphs
    assert paragraph.extra == {"n": "1", "n~2": "2", "column_4": "3", "column_5": "4"}


def test_a_text_with_separators_outside_quotes_is_not_cut(csv_file):
    """What stands in the last column has the rest; in another one it cannot be told from its neighbours."""
    assert texts(csv_file("text\n全会指出,要坚持稳中求进。\n")) == ["全会指出,要坚持稳中求进。"]
    assert texts(csv_file("year,text\n2024,增长5.2%, 居第一。\n2025,要改革。\n")) == ["增长5.2%, 居第一。", "要改革。"]
    rows = "".join(f"第{n}项改革要落地。\n" for n in range(12))
    assert texts(csv_file(f"{rows}增长5.2%, 居全国第一。\n"))[-1] == "增长5.2%, 居全国第一。"
    message = refused(csv_file(f"text,year\n{FIRST},2024\n全会指出,要坚持,2024\n"))
    assert "a.csv:3: 3 cells, and 2 columns: put what holds ',' in quotes" in message


def test_a_quote_that_never_closes_is_said_with_its_line(csv_file):
    assert "a.csv:3: the row that begins here" in refused(csv_file(f'text,n\n{FIRST},1\n"要,2\n'))


def test_an_empty_table_has_no_paragraphs(csv_file, book, parquet):
    assert texts(csv_file("")) == texts(csv_file("\n\n")) == texts(csv_file("text\n")) == []
    assert texts(book(a=[])) == []


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(str.strip), min_size=1)
)
def test_what_csv_writes_is_read_back(cells):
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["n", "text"])
    rows.writerows(enumerate(cells))
    made = csv_paragraphs(io.BytesIO(file.getvalue().encode()), Reading("a.csv", "a", "utf-8"))
    assert [item.text for item in made] == cells


def test_a_long_line_is_refused_before_it_fills_the_memory(csv_file):
    path = csv_file("text,n\n" + "要" * 2_000_000 + ",1\n")
    with pytest.raises(GongbaoError, match=r"1 MB.*--max-mb"):
        read(path, limit=1_000_000)


# Spreadsheets


def test_a_spreadsheet_s_sheets_are_read_one_after_another(book):
    document = read(
        book(甲=[["年份", "正文"], [2024, FIRST]], 乙=[[], ["正文"], [SECOND]], 附注=[["甲", "乙"], ["无", 3]])
    )
    assert [(p.text, p.extra) for p in document.paragraphs] == [
        (FIRST, {"年份": 2024, "sheet": "甲"}),
        (SECOND, {"sheet": "乙"}),
    ]
    assert [(a.text, a.reason, a.line) for a in document.aside] == [
        ("甲\t乙", "other-sheet", 1),
        ("无\t3", "other-sheet", 2),
    ]
    assert document.ledger.difference == 0


def test_a_title_may_stand_above_the_header(book, csv_file):
    rows = [["2024年文件段落汇总表", None, None], ["序号", "文件", "正文"], [1, "甲", FIRST], [2, "乙", SECOND]]
    as_csv = "2024年文件段落汇总表,,\n序号,文件,正文\n1,甲," + FIRST + "\n2,乙," + SECOND + "\n"
    for path in (book(a=rows), csv_file(as_csv)):
        document = read(path)
        assert [p.text for p in document.paragraphs] == texts(path, column="正文") == [FIRST, SECOND]
        assert [(a.text, a.reason) for a in document.aside] == [("2024年文件段落汇总表", "above-table")]
        assert document.paragraphs[0].extra["文件"] == "甲" and document.ledger.difference == 0


def test_a_sheet_of_one_column_needs_no_header_unless_another_sheet_has_one(book):
    assert texts(book(a=[[FIRST], [SECOND]])) == [FIRST, SECOND]
    document = read(book(说明=[["本表由办公室整理。"], ["有误请告知。"]], 甲=[["年份", "正文"], [2024, FIRST]]))
    assert [p.text for p in document.paragraphs] == [FIRST]
    assert {a.reason for a in document.aside} == {"other-sheet"} and document.ledger.difference == 0


def test_numbers_dates_and_formulas_in_cells(book):
    day = datetime.datetime(2024, 7, 18)
    document = read(book(a=[["正文", "日期"], [2024, day], [3.5, None], [FIRST, day], ["=1+1", 1], [None, "无"]]))
    assert [p.text for p in document.paragraphs] == ["2024", "3.5", FIRST]
    assert document.paragraphs[2].extra == {"日期": "2024-07-18"}
    assert [(a.text, a.reason, a.line) for a in document.aside] == [("=1+1", "formula", 5), ("无", "empty-row", 6)]
    assert document.ledger.difference == 0


def test_merged_cells_hold_their_text_once(tmp_path):
    made = Workbook()
    made.active.append(["正文", "年份"])
    made.active.append([FIRST, 2024])
    made.active.append([None, 2025])
    made.active.merge_cells("A2:A3")
    made.save(tmp_path / "a.xlsx")
    assert texts(tmp_path / "a.xlsx") == [FIRST]


def test_a_spreadsheet_without_a_column_of_text_is_refused(book):
    assert "'甲', '乙'" in refused(book(a=[["甲", "乙"], [1, 2]]))


# Parquet


def test_parquet_is_read_with_its_columns(parquet):
    path = parquet(正文=[FIRST, None, SECOND], 年份=[2024, 2025, 2026], 得分=[0.5, float("nan"), float("inf")])
    document = read(path)
    assert [(p.text, p.extra) for p in document.paragraphs] == [
        (FIRST, {"年份": 2024, "得分": 0.5}),
        (SECOND, {"年份": 2026, "得分": None}),
    ]
    assert [(a.reason, a.line) for a in document.aside] == [("empty-row", 2)]


def test_parquet_s_other_kinds_of_cells(parquet):
    path = parquet(
        text=[float("nan"), 3.0], 表=[[1, 2], []], 字=[{"a": b"12"}, None], 日=[datetime.date(2024, 7, 18)] * 2
    )
    (paragraph,) = read(path).paragraphs
    assert (paragraph.text, paragraph.extra) == ("3", {"表": [], "字": None, "日": "2024-07-18"})
    assert "no column called 'x'" in refused(path, column="x")
    assert "not text" in refused(path, column="表")


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_what_is_no_such_file_is_refused(tmp_path, name):
    for content in (b"", b"PK\x03\x04", b"PAR1" * 9, b"\xd0\xcf\x11\xe0" * 9, b"text" * 99):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name)


def test_tables_are_streamed(csv_file):
    path = csv_file("id,text\n" + "".join(f"{n},第{n}段。\n" for n in range(9)) + "3,又一段。\n")
    seen = []
    with pytest.raises(GongbaoError, match=":11: "):
        seen += (item.text for item in examine(path))
    rows = examine(path)
    assert next(rows).text == "第0段。"
