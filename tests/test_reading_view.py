"""The reading view: what is marked, what is escaped, which files there are in the end."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from gongbao.errors import GongbaoError
from gongbao.labels import POLICY_DOMAINS, Label, Scheme
from gongbao.writers import sheets
from gongbao.writers.html import LONGEST, write_html
from gongbao.writers.marks import COLOURS

INK = "#1f2933"
RUN = {"model": "encoder@0123456789ab", "decision": "abc", "gongbao": "9.9", "date": "2026-03-20", "policy": None}
HOSTILE = "<script>alert(1)</script>改革&开放\x1b[31m\u202e {{ 7 * 7 }} \"'</style>"
VOID = {"meta", "rect", "input", "br"}


class Node:
    def __init__(self, tag="", attrs=(), up=None):
        self.tag, self.attrs, self.up, self.inside = tag, dict(attrs), up, []

    @property
    def text(self):
        return "".join(each if isinstance(each, str) else each.text for each in self.inside)

    @property
    def classes(self):
        return (self.attrs.get("class") or "").split()

    def all(self, tag="", name=""):
        for each in self.inside:
            if isinstance(each, Node):
                if tag in ("", each.tag) and (not name or name in each.classes):
                    yield each
                yield from each.all(tag, name)


class Tree(HTMLParser):
    """A page as a tree; every element must be closed."""

    def __init__(self, text):
        super().__init__()
        self.root = self.at = Node()
        self.feed(text)
        assert self.at is self.root

    def handle_starttag(self, tag, attrs):
        node = Node(tag, attrs, self.at)
        self.at.inside.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.at.inside.append(Node(tag, attrs, self.at))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.at.tag == tag
            self.at = self.at.up

    def handle_data(self, data):
        self.at.inside.append(data)


def row(text, labels=(), *, number=1, cuts=(), evidence=None, review=(), document="a.txt", **more):
    """A row as `make_row` gives it, its sentences cut at `cuts`, the first of them the evidence of all labels."""
    bounds = list(itertools.pairwise([0, *cuts, len(text)]))
    evidence = dict.fromkeys(labels, 0) | (evidence or {})
    scores = {label: round(0.9 - 0.1 * n, 4) for n, label in enumerate(POLICY_DOMAINS.ids)}
    return {
        "id": f"{document}#{number}",
        "document": document,
        "number": number,
        "kind": "body",
        "heading": [],
        "page": None,
        "line": number,
        "text": text,
        "labels": list(labels),
        "review": list(review),
        "scores": scores,
        "evidence": {
            label: {"sentence": at, "start": bounds[at][0], "end": bounds[at][1]} for label, at in evidence.items()
        },
        "sentences": [{"start": a, "end": b, "scores": scores} for a, b in bounds],
        "model": "m",
        "decision": "d",
    } | more


def aside(text, line, reason="dateline", page=None, document="a.txt"):
    return {"document": document, "line": line, "page": page, "reason": reason, "text": text}


def about(document="a.txt", **more):
    ledger = {"characters": 1200, "paragraphs": 1100, "aside": {"dateline": 60}, "blank": 40, "difference": 0}
    known = {"title": None, "date": None, "number": None, "issuer": None, "source": document, "encoding": "utf-8"}
    return {"document": document} | known | {"ledger": ledger} | more


def write(path, *documents, scheme=POLICY_DOMAINS):
    """Write documents, each a list of calls' arguments and what `document` is given."""
    with write_html(path, scheme, RUN) as writer:
        for items, last in documents:
            for item in items:
                if isinstance(item, tuple):
                    writer.paragraph(*item)
                elif "reason" in item and "labels" not in item:
                    writer.aside(item)
                else:
                    writer.paragraph(item, {})
            writer.document(last)


def page(path, *items, **more):
    write(path, (items, about(**more)))
    return read(path)


def read(path):
    text = path.read_text(encoding="utf-8")
    tree = Tree(text).root
    for kind in ("style", "script"):
        (node,) = tree.all(kind)
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy(tree)
    for node in tree.all():
        assert not [name for name in node.attrs if name.startswith("on") or name in ("style", "src")], node.attrs
    assert not re.search(r"url\(|@import|https?:", text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    return tree


def policy(tree):
    (meta,) = (node for node in tree.all("meta") if node.attrs.get("http-equiv") == "Content-Security-Policy")
    return meta.attrs["content"]


def sections(tree):
    return list(tree.all("section"))


# --- a page -----------------------------------------------------------------------------------------------------------


def test_sentences_are_tinted_and_words_underlined_where_they_stand(tmp_path):
    text = "𠮷林建设实验室。改善民生。"
    item = row(text, ("innovation", "livelihood"), cuts=(8,), evidence={"innovation": 0, "livelihood": 1})
    tree = page(tmp_path / "a.html", (item, {"innovation": [(4, 7)], "livelihood": [(10, 12)]}))
    first, second = tree.all("mark")
    assert (first.text, second.text) == ("𠮷林建设实验室。", "改善民生。")
    assert "t0" in first.classes and "t6" in second.classes
    assert [(u.text, u.classes) for u in tree.all("u")] == [("实验室", ["w0"]), ("民生", ["w6"])]
    assert [chip.text.strip() for chip in tree.all("span", "chip")] == ["科技创新", "民生与社会"]
    (paragraph,) = tree.all("p", "t")
    assert paragraph.text == text


def test_words_of_two_labels_overlap_and_stay_in_their_sentence(tmp_path):
    item = row("甲乙丙丁戊己。庚", ("innovation", "reform"), cuts=(7,))
    tree = page(tmp_path / "a.html", (item, {"innovation": [(0, 4), (6, 99)], "reform": [(2, 5), (3, 3)]}))
    assert [(u.text, *u.classes) for u in tree.all("u")] == [
        ("甲乙", "w0"),
        ("丙丁", "w0-3"),
        ("戊", "w3"),
        ("。", "w0"),
        ("庚", "w0"),
    ]
    (mark,) = tree.all("mark")
    assert mark.text == "甲乙丙丁戊己。" and "t0-3" in mark.classes
    (style,) = tree.all("style")
    assert f".t0-3 {{ background: linear-gradient({COLOURS[0][1]} 0% 50%, {COLOURS[3][1]} 50% 100%); }}" in style.text
    (rule,) = re.findall(r"\.w0-3 \{.*", style.text)
    assert COLOURS[0][0] in rule and COLOURS[3][0] in rule
    assert not re.search(r"\.[tw]1\b", style.text), "no rule for what the page does not show"


def test_a_sentence_tells_its_scores_sorted_and_takes_the_focus(tmp_path):
    item = row("建设实验室。会议召开。", ("innovation",), cuts=(6,))
    item["sentences"][0]["scores"] = dict.fromkeys(POLICY_DOMAINS.ids, 0.0) | {"innovation": 0.5, "talent": 0.9731}
    tree = page(tmp_path / "a.html", item)
    first, second = tree.all("", "s")
    assert first.attrs["data-s"].split("\n")[:3] == ["97.3% 人才", "50.0% 科技创新", "0.0% 产业发展"]
    assert len(second.attrs["data-s"].split("\n")) == 8
    assert first.attrs["tabindex"] == "0" and "tabindex" not in second.attrs


def test_review_none_and_the_filter(tmp_path):
    items = (
        row("甲。", ("green",), review=("green", "talent")),
        row("乙。", number=2),
        row("丙。", ("green", "reform"), number=3),
    )
    tree = page(tmp_path / "a.html", *items)
    assert [section.attrs["data-l"] for section in sections(tree)] == ["2 r", "n", "2 3"]
    chips = list(sections(tree)[0].all("span", "chip"))
    assert [(chip.text, "maybe" in chip.classes) for chip in chips] == [("绿色低碳 ?", False), ("人才 ?", True)]
    assert not list(sections(tree)[1].all("span", "chip"))
    keys = {key.attrs["data-key"]: key for key in tree.all("button", "key")}
    assert list(keys) == [*map(str, range(8)), "n", "r"]
    assert all(key.attrs["aria-pressed"] == "false" and "disabled" in key.attrs for key in keys.values())
    shown = {key: " ".join(node.text.split()).replace("\xa0", " ") for key, node in keys.items()}
    assert shown["2"] == "绿色低碳 Green development 2 67 %" and shown["n"] == "无标签 1 33 %"
    assert len(list(next(tree.all("svg", "bar")).all("rect"))) == 3
    assert not [b for b in tree.all("button") if b.attrs.get("data-view") == "words"], "no words in this run"


def test_what_was_set_aside_stands_where_it_stood(tmp_path):
    items = (
        row("正文一。", line=2, page=1),
        row("正文二。", number=2, line=5, page=1),
        row("正文三。", number=3, line=9, page=2),
        aside("新华社电", 2, page=1),
        aside("（记者 甲）", 5, "byline", page=1),
        aside("", 7, "no-text", page=2),
        aside("怪", 12, "strange", page=2),
    )
    (main,) = page(tmp_path / "a.html", *items).all("main")
    order = [" ".join(node.text.split()) for node in main.all() if node.tag == "section" or "apart" in node.classes]
    assert order == [
        "电头 新华社电",
        "1 正文一。",
        "2 正文二。",
        "署名 （记者 甲）",
        "无文字页 第 2 页",
        "3 正文三。",
        "strange 怪",
    ]


def test_headings_have_the_level_of_their_path(tmp_path):
    items = (
        row("意见", kind="heading"),
        row("一、总则", number=2, kind="heading", heading=["意见"]),
        row("深", number=3, kind="heading", heading=list("一二三四五六七")),
        row("正文。", number=4, heading=["意见", "一、总则"]),
    )
    tree = page(tmp_path / "a.html", *items)
    assert [next(section.all("", "t")).tag for section in sections(tree)] == ["h2", "h3", "h6", "p"]
    assert [section.attrs["data-depth"] for section in sections(tree)] == ["0", "1", "7", "2"]


def test_metadata_ledger_and_provenance_are_said(tmp_path):
    tree = page(tmp_path / "a.html", row("甲。"), title="关于\n甲的意见", number="甲发〔2026〕1号", issuer="甲省")
    assert next(tree.all("h1")).text == next(tree.all("title")).text == "关于 甲的意见"
    assert "文号甲发〔2026〕1号" in next(tree.all("dl", "facts")).text.replace("\n", "")
    foot = next(tree.all("footer")).text
    assert "共 1,200 字符 = 段落 1,100 + 另置 60（电头 60） + 空白 40" in foot and "账不平" not in foot
    assert RUN["model"] in foot and "2026-03-20" in foot and "policy-domains/1" in foot and "判定策略" not in foot
    ledger = about()["ledger"] | {"difference": 7}
    assert "账不平：差 7 字符" in next(page(tmp_path / "b.html", row("甲。"), ledger=ledger).all("footer")).text


def test_everything_from_a_document_is_escaped(tmp_path):
    ledger = about()["ledger"] | {"aside": {HOSTILE: 1}}
    facts = dict.fromkeys(("title", "date", "number", "issuer", "source", "encoding"), HOSTILE)
    items = (
        (row(HOSTILE, ("reform",), document=HOSTILE), {"reform": [(3, 9)]}),
        row(HOSTILE, number=2, kind="heading", heading=[HOSTILE]),
        aside(HOSTILE, 3, HOSTILE, document=HOSTILE),
    )
    path = tmp_path / "a.html"
    write(path, (items, about(HOSTILE, ledger=ledger, **facts)))
    tree = read(path)
    shown = HOSTILE.replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
    assert [next(section.all("", "t")).text for section in sections(tree)] == [shown, shown]
    assert tree.text.count("alert(1)") >= 9
    write(path, *[(items, about(HOSTILE, ledger=ledger, **facts))] * 2)
    assert next(read(path).all("tbody")).text.count(shown) == 8
    for each in (tmp_path / "a.pages").iterdir():
        read(each)


def test_lines_of_a_cell_and_spaces_between_sentences_are_kept(tmp_path):
    item = row("甲。  \n乙。")
    item["sentences"] = [{**item["sentences"][0], "start": a, "end": b} for a, b in ((0, 2), (5, 7))]
    (paragraph,) = page(tmp_path / "a.html", item).all("p", "t")
    assert paragraph.text == "甲。  \n乙。"
    item["sentences"] = []
    (paragraph,) = page(tmp_path / "a.html", item).all("p", "t")
    assert paragraph.text == "甲。  \n乙。"


def test_a_page_works_without_script_by_keyboard_on_a_telephone_and_on_paper(tmp_path):
    tree = page(tmp_path / "a.html", row("甲。", ("green",)))
    assert next(tree.all("html")).attrs["lang"] == "zh-CN"
    skip = next(tree.all("a", "skip"))
    assert skip.attrs["href"] == "#text" and [node.tag for node in tree.all() if node.attrs.get("id") == "text"]
    # What only a script can do is hidden or disabled until it runs; nothing of the text is.
    assert {node.attrs.get("class") for node in tree.all() if "hidden" in node.attrs} == {"find", "scores"}
    style = next(tree.all("style")).text
    assert f"--ink: {INK};" in style
    assert "body:not(.scripted) .s:is(:hover, :focus)::after { content: attr(data-s);" in style
    for rule in (":focus-visible {", "@page { size: A4;", "print-color-adjust: exact", "break-after: avoid"):
        assert rule in style
    assert policy(tree).startswith("default-src 'none'; ") and "img-src 'none'" in policy(tree)


def test_another_scheme_may_have_more_labels_than_there_are_colours(tmp_path):
    scheme = Scheme("mine", "1", "", tuple(Label(f"l{n}", f"标{n}", f"l{n}", "") for n in range(11)))
    item = row("甲。")
    scores = dict.fromkeys(scheme.ids, 0.1)
    item |= {"scores": scores, "sentences": [{"start": 0, "end": 2, "scores": scores}], "labels": ["l10"]}
    item["evidence"] = {"l10": {"sentence": 0, "start": 0, "end": 2}}
    write(tmp_path / "a.html", ([item], about()), scheme=scheme)
    tree = read(tmp_path / "a.html")
    assert "t10" in next(tree.all("mark")).classes
    assert f".c10 {{ --c: {COLOURS[2][0]};" in next(tree.all("style")).text


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    low, high = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light):
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]] @ np.clip(light, 0, 1)
    xyz = xyz / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


SIGHTS = {
    "all": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), severity 1.
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_can_be_told_apart_and_read_on(sight):
    seen = [lab(SIGHTS[sight] @ linear(full)) for full, _ in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 14
    for full, pale in COLOURS:
        assert contrast(full, "#ffffff") >= 3 and contrast(INK, pale) >= 7


# --- files ------------------------------------------------------------------------------------------------------------


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def three():
    return (
        ([row("甲。", ("green",)), row("乙。", number=2)], about("a.txt", title="甲的意见", date="2026-01-02")),
        ([row("丙。", document="b.txt")], about("b.txt")),
        ([row("丁。", document="c.txt")], about("c.txt", title="丁", issuer="丁省", number="丁发1号")),
    )


def test_three_documents_have_an_index(tmp_path):
    path = tmp_path / "出 a:b.html"
    write(path, *three())
    tree = read(path)
    rows = list(tree.all("tr", "d"))
    assert [next(each.all("a")).text for each in rows] == ["甲的意见", "b.txt", "丁"]
    for each in rows:
        href = next(each.all("a")).attrs["href"]
        assert href.startswith("./") and ":" not in href
        target = path.parent / unquote(href)
        assert unquote(next(read(target).all("p", "up")).text.strip()) == "全部文件"
        back = next(next(read(target).all("p", "up")).all("a")).attrs["href"]
        assert (target.parent / unquote(back)).resolve() == path
    assert "2026-01-02" in rows[0].text and "丁发1号　丁省" in rows[2].text
    shares = {cell.attrs["data-name"]: cell.text.strip() for cell in rows[0].all("td", "share")}
    assert shares["绿色低碳"] == "50\xa0%" and shares["无标签"] == "50\xa0%" and shares["人才"] == ""
    assert "3 份文件，4 段" in tree.text
    assert names(tmp_path) == [
        "出 a:b.html",
        "出 a:b.pages",
        "出 a:b.pages/0001-甲的意见.html",
        "出 a:b.pages/0002-b-txt.html",
        "出 a:b.pages/0003-丁.html",
    ]


def test_a_long_document_is_split_into_pages_of_one_length(tmp_path):
    items = [row(f"第{n}段。", number=n) for n in range(1, 2 * LONGEST + 2)]
    path = tmp_path / "a.html"
    write(path, (items, about("t.jsonl")))
    pages = [read(tmp_path / "a.pages" / f"0001-t-jsonl{end}.html") for end in ("", ".2", ".3")]
    assert [len(sections(each)) for each in pages] == [267, 267, 267]
    numbers = [section.attrs["id"] for each in pages for section in sections(each)]
    assert numbers == [f"p{n}" for n in range(1, 2 * LONGEST + 2)]
    links = [
        {node.attrs["rel"]: unquote(node.attrs["href"]) for node in each.all("a") if "rel" in node.attrs}
        for each in pages
    ]
    assert links == [
        {"next": "0001-t-jsonl.2.html"},
        {"prev": "0001-t-jsonl.html", "next": "0001-t-jsonl.3.html"},
        {"prev": "0001-t-jsonl.2.html"},
    ]
    assert "全文 801 段" in pages[1].text and "第 2 页，共 3 页" in pages[1].text
    assert len(list(read(path).all("tr", "d"))) == 1


def test_rows_of_a_table_say_of_which_document_they_are(tmp_path):
    items = [row("甲。", document="d1"), row("乙。", document="d1", number=2), row("丙。", document="d2", number=3)]
    tree = page(tmp_path / "a.html", *items, document="t.csv")
    assert [node.text for node in tree.all("p", "of")] == ["d1", "d2"]


def test_other_columns_of_a_table_do_no_harm(tmp_path):
    item = row("甲。") | {"reason": "x", "title": 3, "tally": None, "words": []}
    (section,) = sections(page(tmp_path / "a.html", (item, {}), aside("乙", 1, "date")))
    assert section.text.split() == ["1", "甲。"]


def test_a_document_that_broke_off_is_shown_with_what_was_read(tmp_path):
    with write_html(tmp_path / "a.html", POLICY_DOMAINS, RUN) as writer:
        writer.paragraph(row("甲。"), {})
        writer.document({"document": "a.txt"})
    tree = read(tmp_path / "a.html")
    assert next(tree.all("h1")).text == "a.txt" and "没有读完" in tree.text
    assert names(tmp_path) == ["a.html"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "0001-etc-passwd.html"),
        ('a\nb"c\\d', "0001-a-b-c-d.html"),
        ("关于" * 200, "0001-" + "关于" * 12 + ".html"),
        ("CON", "0001-CON.html"),
        ("…\x00‮", "0001.html"),
        ("\udcff", "0001.html"),
    ],
)
def test_names_are_short_and_safe(tmp_path, title, name):
    path = tmp_path / "in" / "a.html"
    path.parent.mkdir()
    last = about(title, title=title)
    write(path, ([row("甲。", document=title)], last), ([row("乙。", document=title)], last))
    assert names(tmp_path)[:4] == ["in", "in/a.html", "in/a.pages", f"in/a.pages/{name}"]
    read(path)


def test_the_same_rows_make_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.html", *three())
    assert names(tmp_path / "one") == names(tmp_path / "two")
    for name in names(tmp_path / "one"):
        if name.endswith(".html"):
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("documents", [0, 1, 3])
def test_a_run_that_fails_leaves_everything_as_it_was(tmp_path, documents):
    path = tmp_path / "a.html"
    write(path, *three())
    (tmp_path / "other.txt").write_text("x")
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path) if (tmp_path / name).is_file()}
    with pytest.raises(KeyboardInterrupt), write_html(path, POLICY_DOMAINS, RUN) as writer:
        for items, last in three()[:documents]:
            writer.paragraph(items[0], {})
            writer.document(last)
        writer.paragraph(row("甲。"), {})
        raise KeyboardInterrupt
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path) if (tmp_path / name).is_file()} == before


def test_what_cannot_be_put_in_place_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    write(path, *three())
    before = names(tmp_path)

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr("gongbao.writers.html.os.replace", fail)
    with pytest.raises(OSError, match="full"):
        write(path, *three()[1:])
    assert names(tmp_path) == before
    with pytest.raises(OSError, match="full"):
        write(tmp_path / "b.html", *three())
    assert names(tmp_path) == before


def test_pages_of_a_former_run_are_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a.html"
    write(path, *three())
    write(path, *three()[1:])
    assert names(tmp_path / "a.pages") == ["0001-b-txt.html", "0002-丁.html"]
    write(path, three()[0])
    assert names(tmp_path) == ["a.html"], "pages that no index names are gone"
    # A draft that a killed run left is no obstacle.
    (tmp_path / ".a.html.partial" / "pages").mkdir(parents=True)
    write(path, three()[0])
    assert names(tmp_path) == ["a.html"]


@pytest.mark.parametrize("name", ["notes.txt", "0001-mine.html"])
def test_a_folder_of_somebody_else_is_not_touched(tmp_path, name):
    (tmp_path / "a.pages").mkdir()
    (tmp_path / "a.pages" / name).write_text("<p>mine")
    with pytest.raises(GongbaoError, match="other things than pages"):
        write(tmp_path / "a.html", three()[0])
    assert names(tmp_path) == ["a.pages", f"a.pages/{name}"]


def test_templates_are_in_the_package_and_jinja2_is_asked_for():
    import tomllib

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["package-data"]["gongbao.writers"] == ["templates/*"]
    assert "jinja2>=3.1" in project["project"]["dependencies"]


def test_every_reason_of_the_readers_has_a_name():
    found = json.dumps(sheets.REASONS, ensure_ascii=False)
    for reason in ("dateline", "byline", "running-head", "page-number", "document-number", "no-text", "empty-row"):
        assert f'"{reason}"' in found


def test_the_index_says_how_much_there_is_to_review_and_from_which_file(tmp_path):
    first = (
        [row("甲。", ("green",), review=("green",), document="甲.txt"), row("乙。", number=2, document="甲.txt")],
        about("甲.txt", title="意见"),
    )
    second = ([row("丙。", document="乙.txt")], about("乙.txt", title="意见"))
    write(tmp_path / "a.html", first, second)
    one, two = list(read(tmp_path / "a.html").all("tr", "d"))
    assert "甲.txt" in one.text and "待复核\xa01\xa0段" in one.text
    assert "乙.txt" in two.text and "待复核" not in two.text
