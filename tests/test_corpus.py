"""Plain text to learn from: documents, parts of a file, and what is no text."""

from __future__ import annotations

import gzip
import lzma

import pytest
from conftest import write_jsonl

from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS
from train.config import Text, Unlabelled
from train.corpus import LONGEST, read_documents, read_unlabelled

LINES = "\ufeff甲。\n乙。\r\n\n\n　丙。 \n"
DOCUMENTS = [["甲。", "乙。"], ["丙。"]]


def write(path, data):
    path.write_bytes({".xz": lzma.compress, ".gz": gzip.compress}.get(path.suffix, bytes)(data))
    return str(path)


@pytest.mark.parametrize("name", ["a.txt", "a.xz", "a.txt.gz"])
def test_documents_of_every_form(tmp_path, name):
    assert list(read_documents([Text(file=write(tmp_path / name, LINES.encode()))])) == DOCUMENTS


def test_a_part_of_a_file_and_several_files(tmp_path):
    file = write(tmp_path / "a.txt", LINES.encode())
    assert list(read_documents([Text(file=file, first_line=2, last_line=5)])) == [["乙。"], ["丙。"]]
    assert list(read_documents([Text(file=file, last_line=1), Text(file=file)])) == [["甲。"], *DOCUMENTS]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "a.txt: no text$"),
        ("a.txt", b"\n \n", "a.txt: no text$"),
        ("a.txt", "好\n".encode() + "全会".encode("gb18030"), "a.txt:2: not UTF-8 text"),
        ("a.txt", b"MZ\0\0", "a.txt:1: not text: it holds NUL"),
        ("a.txt", b"x" * (LONGEST + 1), "a.txt:1: a line of more than 1,048,576 bytes"),
        ("a.xz", None, "a.xz: not compressed as its name says"),
        ("a.gz", None, "a.gz: not compressed as its name says"),
    ],
)
def test_what_is_no_text_is_said_in_one_line(tmp_path, name, data, message):
    path = tmp_path / name
    if data is None:
        path.write_bytes(b"plain text\n")
    else:
        write(path, data)
    with pytest.raises(GongbaoError, match=message) as caught:
        list(read_documents([Text(file=str(path))]))
    assert "\n" not in str(caught.value)


def test_a_cut_off_archive_and_lines_that_are_not_there(tmp_path):
    path = tmp_path / "a.xz"
    path.write_bytes(lzma.compress(b"\n".join(b"%d" % n for n in range(9999)))[:-40])
    with pytest.raises(GongbaoError, match="damaged after line"):
        list(read_documents([Text(file=str(path))]))
    file = write(tmp_path / "a.txt", LINES.encode())
    with pytest.raises(GongbaoError, match=r"no text from line 99$"):
        list(read_documents([Text(file=file, first_line=99)]))
    with pytest.raises(GongbaoError, match=r"cannot read .*nowhere.txt: No such file"):
        list(read_documents([Text(file=str(tmp_path / "nowhere.txt"))]))


def test_unlabelled_text_is_read_once_each(tmp_path):
    (tmp_path / "x.txt").write_text("改革。开放。\n短\n\n改革。开放。\n引进人才。\n", encoding="utf-8")
    settings = Unlabelled(text=[Text(file=str(tmp_path / "x.txt"))], shortest=2)
    read = read_unlabelled(settings, POLICY_DOMAINS, [])
    assert [example.text for example in read] == ["改革。开放。", "引进人才。"]
    assert len(read[0].sentences) == 2
    assert [example.text for example in read_unlabelled(settings, POLICY_DOMAINS, read[:1])] == ["引进人才。"]
    row = {"id": "a", "document": "a", "sentences": [{"text": "引进人才。", "labels": ["talent"]}]}
    settings.leave_out = [str(write_jsonl(tmp_path / "measured.jsonl", [row]))]
    assert [example.text for example in read_unlabelled(settings, POLICY_DOMAINS, [])] == ["改革。开放。"]
    assert not read_unlabelled(settings.model_copy(update={"shortest": 20}), POLICY_DOMAINS, [])
