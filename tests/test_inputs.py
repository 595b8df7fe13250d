"""Which files the paths given stand for: patterns, zips, standard input, names, formats that are not read."""

from __future__ import annotations

import io
import os
import types
import zipfile

import pytest
from make_samples import SAMPLES, docx, html, xlsx

from gongbao import Labeler
from gongbao.errors import GongbaoError
from gongbao.predict import predict
from gongbao.readers import Source, examine, expand, passed_over, read, split_missing

TEXT = "要坚持稳中求进。\n"


@pytest.fixture
def packed(tmp_path):
    def pack(members, name="a.zip", **options):
        with zipfile.ZipFile(tmp_path / name, "w", **options) as package:
            for member, data in members.items():
                package.writestr(member, data)
        return tmp_path / name

    return pack


def refused(source, **options):
    with pytest.raises(GongbaoError) as error:
        read(source, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_zip_stands_for_the_files_in_it(packed):
    path = packed({"乙.txt": TEXT, "甲/公报.docx": docx(), "图.png": b"", "__MACOSX/._乙.txt": b"", ".隐.txt": TEXT})
    sources = expand([path])
    assert [source.id for source in sources] == ["a.zip/乙.txt", "a.zip/甲/公报.docx"]
    assert [len(read(source).paragraphs) for source in sources] == [1, 16]
    assert read(sources[0]).paragraphs[0].id == "a.zip/乙.txt#1"
    assert sources[0].name == f"{path}/乙.txt" and sources[0].size == len(TEXT.encode())


def test_zips_in_zips_are_read_to_a_depth(packed):
    data = TEXT.encode()
    for depth in range(5):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as package:
            package.writestr("a.txt", TEXT)
            package.writestr(f"{depth}.zip" if depth else "b.txt", data)
        data = file.getvalue()
    path = packed({"c.zip": data})
    sources = expand([path])
    assert [s.id for s in sources] == [
        "a.zip/c.zip/4.zip/3.zip", "a.zip/c.zip/4.zip/a.txt", "a.zip/c.zip/a.txt",
    ]  # fmt: skip
    assert read(sources[1]).paragraphs[0].text == TEXT.strip()
    assert "deep" in refused(sources[0])


def test_names_in_a_zip_cannot_point_outside_and_are_read_as_their_maker_saw_them(packed):
    path = packed({"../../etc/a.txt": TEXT, "/b.txt": TEXT})
    assert [source.id for source in expand([path])] == ["a.zip/b.txt", "a.zip/etc/a.txt"]
    assert all(read(source).paragraphs for source in expand([path]))
    info = zipfile.ZipInfo("公报.txt".encode("gb18030").decode("cp437"))
    info.flag_bits = 0
    path = packed({info: TEXT}, "b.zip")
    data = path.read_bytes()
    raw = info.filename.encode()
    path.write_bytes(data.replace(raw, raw))
    assert expand([path])[0].id in {"b.zip/公报.txt", f"b.zip/{info.filename}"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_in_a_zip_without_the_flag_for_utf_8_are_read(packed, encoding):
    """As many programs write them: the flag taken from both headers of an ASCII name, the bytes put in its place."""
    name = "通知/附件一.txt".encode(encoding)
    path = packed({"x" * len(name): TEXT})
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
    (source,) = expand([path])
    assert source.id == "a.zip/通知/附件一.txt" and read(source).paragraphs[0].text == TEXT.strip()


def test_a_bad_zip_fails_by_itself(packed, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no zip")
    packed({"a.txt": TEXT}, "good.zip")
    bad, good = expand([tmp_path])
    assert (bad.id, good.id) == ("bad.zip", "good.zip/a.txt")
    assert "bad.zip" in refused(bad)
    assert "no file in it" in refused(expand([packed({"a.png": b""}, "none.zip")])[0])


def test_bombs_and_limits(packed):
    bomb = packed({"a.txt": b" " * 30_000_000}, compression=zipfile.ZIP_DEFLATED)
    assert "bomb" in refused(expand([bomb])[0])
    large = packed({"a.txt": TEXT * 100_000}, "large.zip")
    assert "--max-mb" in refused(expand([large], 1_000_000)[0], limit=1_000_000)
    assert "1 MB" in refused(Source(large, "x", ("a.txt",)), limit=1_000_000)


def test_a_member_with_a_password(packed):
    path = packed({"a.txt": TEXT})
    data = bytearray(path.read_bytes())
    # Bit 0 of the flags, in the local header (offset 6) and in the directory (offset 8), says that it is encrypted.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    (source,) = expand([path])
    assert "password" in refused(source)


def test_patterns(tmp_path):
    for name in ("a1.txt", "a2.txt", "b.txt"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "a3").mkdir()
    assert [source.id for source in expand([f"{tmp_path}/a*"])] == ["a1.txt", "a2.txt"]
    present, missing = split_missing([f"{tmp_path}/a*", f"{tmp_path}/c*"])
    assert present == [f"{tmp_path}/a*"] and [path for path, _ in missing] == [f"{tmp_path}/c*"]
    with pytest.raises(GongbaoError, match="matches no file"):
        expand([f"{tmp_path}/c*.txt"])


@pytest.mark.parametrize("suffix", [".doc", ".wps", ".xls", ".ofd", ".rtf"])
def test_formats_that_are_not_read_say_what_to_do(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"\xd0\xcf\x11\xe0")
    (source,) = expand([tmp_path])
    said = refused(source)
    assert "convert it" in said and suffix in said
    assert passed_over([tmp_path]) == []


def test_links_and_names(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    (tmp_path / "a\nb.txt").write_text(TEXT)
    with open(os.fsencode(tmp_path) + b"/\xb9\xab.txt", "w") as file:
        file.write(TEXT)
    ids = [source.id for source in expand([tmp_path])]
    assert ids == ["a\nb.txt", "\\xb9\\xab.txt"] or ids == ["\\xb9\\xab.txt", "a\nb.txt"]
    "".join(ids).encode()
    refused(Source(tmp_path / "self.txt", "x"))


@pytest.mark.parametrize(
    ("data", "count"),
    [(docx(), 16), (xlsx(), 16), (html().encode(), 16), (TEXT.encode(), 1), (b'{"id": "a", "text": "b"}', 1)],
)
def test_standard_input_is_told_by_how_it_begins(monkeypatch, data, count):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))
    assert len(read("-").paragraphs) == count


def test_a_zip_on_standard_input_is_refused(monkeypatch):
    data = (SAMPLES / "opinion.zip").read_bytes()
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))
    assert "give its path" in refused("-")


def test_the_last_item_is_the_document_s_account(tmp_path):
    (tmp_path / "a.txt").write_text("澜江省人民政府关于发展的意见\n澜政发〔2026〕8号\n" + TEXT)
    *_, document = examine(tmp_path / "a.txt")
    assert (document.number, document.issuer, document.paragraphs) == ("澜政发〔2026〕8号", "澜江省人民政府", ())
    # 14 + 8 are title and text, and 11 the number: 33 of 36, with three line ends.
    assert (document.ledger.characters, document.ledger.paragraphs, document.ledger.blank) == (36, 22, 3)


def test_zips_in_zips_share_one_limit(packed):
    """12 x 12 files of 9 MB: each zip within the limit, all of them 1.3 GB."""

    def zipped(data, count):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            for number in range(count):
                package.writestr(f"{number}{'.zip' if data[:2] == b'PK' else '.txt'}", data)
        return file.getvalue()

    path = packed({})
    path.write_bytes(zipped(zipped(b"0" * 9_000_000, 12), 12))
    (source,) = expand([path])
    assert refused(source)


def test_two_members_of_one_name_are_said(packed):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = packed({})
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("a.txt", TEXT)
            package.writestr("a.txt", "别的。")
    (source,) = expand([path])
    refused(source)


def test_what_is_no_file_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    assert "no regular file" in refused(tmp_path / "a.txt")
    with pytest.raises(GongbaoError, match="empty"):
        expand([""])


def test_a_folder_that_cannot_be_looked_into_is_said(tmp_path, monkeypatch):
    for name in ("a", "shut", "listed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(TEXT)
    scan, look = os.scandir, os.stat

    def scandir(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    def stat(path, **options):
        if "listed" + os.sep in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr("os.scandir", scandir)
    monkeypatch.setattr("os.stat", stat)
    sources = expand([str(tmp_path)])
    assert [source.id for source in sources] == ["a/x.txt", "listed/x.txt", "shut"]
    assert refused(sources[1]).endswith("listed/x.txt: cannot be read: Permission denied")
    assert "shut: cannot be read: " in refused(sources[2])
    assert passed_over([str(tmp_path)]) == []


def test_two_stars_stand_for_any_folders(tmp_path):
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "z.txt").write_text(TEXT)
    pattern = str(tmp_path / "**" / "*.txt")
    assert split_missing([pattern]) == ([pattern], [])
    assert [source.id for source in expand([pattern])] == ["z.txt"]


def test_links_in_a_circle_are_one_error(tiny, tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "c.txt").write_text(TEXT)
    with pytest.raises(GongbaoError, match="cannot be read: Too many levels of symbolic links"):
        read(expand([str(tmp_path / "a.txt")])[0])
    labeler = Labeler.load(tiny, device="cpu")
    summary = predict([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")], labeler, tmp_path / "o.jsonl")
    assert len(summary.errors) == 2 and not (tmp_path / "o.jsonl").exists()
