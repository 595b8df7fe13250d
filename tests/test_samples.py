"""The invented opinion of data/samples: every format gives the same paragraphs, and its ledger balances."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from make_samples import DATE, NUMBER, SAMPLES, TITLE, paragraphs, samples

from gongbao.errors import GongbaoError
from gongbao.listing import balance, row_of
from gongbao.readers import examine, expand, read

ROWS = ("jsonl", "csv", "tsv", "xlsx", "parquet")
FILES = sorted(path.name for path in SAMPLES.glob("opinion*"))


def test_the_samples_are_what_the_script_makes():
    made = samples()
    # Those two were made of the .docx by an office program, which the tests do without.
    assert sorted([*made, "opinion-office.pdf", "opinion-office-columns.pdf"]) == FILES
    for name in ("opinion.txt", "opinion.html", "opinion.jsonl", "opinion.csv", "opinion-gb18030.txt"):
        assert made[name] == (SAMPLES / name).read_bytes(), name


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_paragraphs(name):
    for source in expand([SAMPLES / name]):
        document = read(source)
        # Print spaces characters out; what is between them is not compared where a program set it.
        found, wanted = [p.text for p in document.paragraphs], [text for _, text in paragraphs()]
        if "office" in name:
            found, wanted = (["".join(text.split()) for text in texts] for texts in (found, wanted))
        assert found == wanted
        assert document.ledger.difference == 0
        if not name.endswith(ROWS):
            assert [p.kind for p in document.paragraphs] == [kind for kind, _ in paragraphs()]
            assert (document.title, document.number, document.date) == (TITLE, NUMBER, "2026-03-18")
            apart = {(aside.text, aside.reason) for aside in document.aside}
            assert {(NUMBER, "document-number"), (DATE, "date")} <= apart


def test_the_ledger_says_what_each_format_set_apart():
    found = {name: read(SAMPLES / name).ledger for name in FILES if not name.endswith((".zip", *ROWS))}
    assert {ledger.paragraphs for ledger in found.values()} == {648}
    # 澜政发〔2026〕8号 is 11, 澜江省人民政府 7 and 2026年3月18日 10 characters.
    assert balance(found["opinion.txt"]).startswith("725 characters = 648 in paragraphs + 28 set aside")
    assert found["opinion.docx"].aside["running-head"] == 9
    assert found["opinion-columns.pdf"].aside["running-head"] == 9 * 2


def test_segment_prints_the_paragraphs_and_the_ledger():
    ran = subprocess.run(
        [sys.executable, "-m", "gongbao", "segment", "data/samples/opinion.docx", "data/samples/none.docx"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 1 and "none.docx: no such file" in ran.stderr
    assert ran.stdout.endswith("3 blank\n")
    ran = subprocess.run(
        [sys.executable, "-m", "gongbao", "segment", "data/samples/opinion.docx", "--json"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    rows = [row_of(item) for item in examine(SAMPLES / "opinion.docx")]
    printed = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0 and len(printed) == len(rows)
    assert [row["text"] for row in printed if "kind" in row] == [text for _, text in paragraphs()]
    assert printed[-1]["ledger"]["difference"] == 0


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_gives_one_line_or_a_ledger_that_balances(name, tmp_path):
    data = (SAMPLES / name).read_bytes()
    draw = random.Random(name)
    for turn in range(20):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 4, 40))):
            at = draw.randrange(len(damaged))
            damaged[at : at + draw.choice((0, 1, 1, 8))] = draw.randbytes(draw.choice((0, 1, 1, 8)))
        if turn % 4 == 0:
            damaged = damaged[: draw.randrange(len(damaged))]
        path = tmp_path / f"{turn}-{name}"
        path.write_bytes(damaged)
        started = time.monotonic()
        try:
            for source in expand([path]):
                assert read(source).ledger.difference == 0
        except GongbaoError as error:
            assert "\n" not in str(error) and str(path) in str(error)
        assert time.monotonic() - started < 10
