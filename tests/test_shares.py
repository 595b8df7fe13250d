"""Shares by label and group: raw, corrected by hand-worked samples, as JSON, table and page."""

from __future__ import annotations

import csv
import json
import random
import re
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from eval.archive import Archive
from eval.corrections import Sums, add_up, is_unlike, prediction_powered, raw, rogan_gladen
from eval.gold import Gold
from eval.share_figures import Point, Row, heat_map, lines, short
from eval.share_output import FILES, render, table, text, write
from eval.shares import shares
from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence
from gongbao.labels import POLICY_DOMAINS

# Document, answered, truth (None: not labelled), characters.
WORKED = [
    ("a", "green", "green", 10), ("a", "", "green", 30),
    ("b", "green", "green", 20), ("b", "green", "green", 20),
    ("c", "", "", 10), ("c", "", "", 10),
    ("d", "", None, 60), ("d", "", None, 40),
]  # fmt: skip


def prediction(n, document, answer, size=10, **more):
    labels = answer.split()
    return {"id": f"p{n:04}", "document": document, "text": "字" * size, "labels": labels, "model": "m@1"} | more


def example(n, document, truth, size=10):
    labels = tuple(POLICY_DOMAINS.check(truth.split()))
    return Example(f"p{n:04}", document, (LabelledSentence("字" * size, labels),), labels)


def save(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def make_gold(examples):
    return Gold("sample.jsonl", POLICY_DOMAINS, tuple(examples))


def read(tmp_path, rows, by=()):
    return Archive.read([save(tmp_path / "p.jsonl", rows)], POLICY_DOMAINS, by)


@pytest.fixture
def worked(tmp_path):
    rows = [prediction(n, document, answer, size) for n, (document, answer, _, size) in enumerate(WORKED)]
    known = [example(n, d, truth, size) for n, (d, _, truth, size) in enumerate(WORKED) if truth is not None]
    return shares(read(tmp_path, rows), make_gold(known))


def make(generator, documents, labelled, sensitivity=0.85, specificity=0.97, **groups):
    """Predictions and a sample of whole documents: `green` and `talent`, 8 paragraphs a document."""
    rows, known = [], []
    for n in range(8 * documents):
        document = n // 8
        truth = generator.random(2) < 0.4
        hit, right = generator.random(2) < sensitivity, generator.random(2) < specificity
        answer = np.where(truth, hit, ~right)
        spoken = [
            " ".join(label for label, on in zip(("green", "talent"), row, strict=True) if on) for row in (truth, answer)
        ]
        more = {key: value(document) for key, value in groups.items()}
        rows.append(prediction(n, f"d{document}", spoken[1], 5 + n % 7, **more))
        if document < labelled:
            known.append(example(n, f"d{document}", spoken[0], 5 + n % 7))
    return rows, known


def test_worked_shares_of_paragraphs(worked):
    green = worked["all"]["shares"]["paragraphs"]["green"]
    # The model answers green in 3 of 8 paragraphs.
    assert green["raw"]["share"] == 0.375
    # Of 6 labelled paragraphs it misses one and answers none wrongly: 0.375 + 1/6.
    assert green["corrected"]["share"] == pytest.approx(0.375 + 1 / 6, abs=1e-6)
    # Sensitivity 3/4, specificity 2/2: (0.375 + 1 - 1) / (0.75 + 1 - 1) = 0.5.
    assert green["rogan_gladen"]["sensitivity"] == 0.75
    assert green["rogan_gladen"]["specificity"] == 1.0
    assert green["rogan_gladen"]["share"] == 0.5
    assert worked["all"]["labelled"] == {"paragraphs": 6, "documents": 3}
    assert worked["signature"].startswith("shares|archive:")


def test_worked_shares_of_characters(worked):
    green = worked["all"]["shares"]["characters"]["green"]
    # 10 + 20 + 20 of 200 characters.
    assert green["raw"]["share"] == 0.25
    # Of 100 labelled characters 30 are in the paragraph missed: 0.25 + 0.3.
    assert green["corrected"]["share"] == pytest.approx(0.55)
    # Sensitivity 50/80, specificity 20/20: 0.25 / 0.625 = 0.4.
    assert green["rogan_gladen"]["sensitivity"] == 0.625
    assert green["rogan_gladen"]["share"] == pytest.approx(0.4)
    assert worked["all"]["characters"] == 200


def test_paragraphs_without_a_label_have_a_row(worked):
    none = worked["all"]["shares"]["paragraphs"]["none"]
    # No label in 5 of 8 by the model, one of them wrongly: 0.625 - 1/6; sensitivity 2/2, specificity 3/4.
    assert none["raw"]["share"] == 0.625
    assert none["corrected"]["share"] == pytest.approx(0.625 - 1 / 6, abs=1e-6)
    assert (none["rogan_gladen"]["sensitivity"], none["rogan_gladen"]["specificity"]) == (1.0, 0.75)
    assert worked["names"]["none"] == "无涉及"


def one_by_one(**parts):
    return Sums(**{key: np.array(value, dtype=float).reshape(-1, 1) for key, value in parts.items()})


def test_worked_interval():
    # Two documents of 50 rows, 20 and 30 answered: the share is 0.5, without one document 0.6 and 0.4. Jackknife:
    # (2 - 1) / 2 * (0.1² + 0.1²) = 0.01, a standard error of 0.1; Student's t with 1 degree of freedom is 12.7062.
    sums = one_by_one(size=[50, 50], answered=[20, 30], count=[0, 0], labelled=[0, 0], truth=[0, 0], guess=[0, 0],
                      both=[0, 0])  # fmt: skip
    found = raw(sums)
    assert (found.share[0], found.low[0], found.high[0]) == (0.5, 0.0, 1.0)
    # Of 100 documents of one row, 10 answered, all labelled and right: s² / n = 0.09 / 99, and (1 / 100)² for half
    # a missed and half a wrongly answered row; t with 99 degrees of freedom is 1.98422.
    answered = [1] * 10 + [0] * 90
    sums = one_by_one(size=[1] * 100, answered=answered, count=[1] * 100, labelled=[1] * 100, truth=answered,
                      guess=answered, both=answered)  # fmt: skip
    for method, half_errors in ((raw, 0.0), (prediction_powered, 1e-4)):
        found = method(sums)
        half = 1.98422 * (0.09 / 99 + half_errors) ** 0.5
        assert [found.share[0], found.low[0], found.high[0]] == pytest.approx([0.1, 0.1 - half, 0.1 + half], abs=1e-6)


def test_sums_without_one_document_are_those_of_the_rows_that_are_left():
    generator = np.random.default_rng(5)
    document, weight = generator.integers(0, 9, 200), generator.integers(1, 50, 200).astype(float)
    answer, truth = generator.random((200, 3)) < 0.4, generator.random((200, 3)) < 0.4
    labelled, inside = document < 4, generator.random(200) < 0.8
    rows = (document, weight, answer, labelled, truth, inside)
    left = add_up(*rows).without()
    for number in range(9):
        kept = add_up(*(part[document != number] for part in rows)).total()
        assert np.array_equal(left.answered[number], kept.answered[0])
        assert np.array_equal(left.both[number], kept.both[0])
        assert np.array_equal(left.labelled[number], kept.labelled[0])


def test_rogan_gladen_is_undefined_where_the_model_is_no_better_than_chance():
    sums = {"size": [10, 10], "answered": [5, 5], "count": [10, 10], "labelled": [10, 10], "truth": [5, 5]}
    # Of 10 with the label 5 are answered, of 10 without 5: 0.5 + 0.5 = 1.
    assert np.isnan(rogan_gladen(one_by_one(**sums, guess=[5, 5], both=[2, 3])).share[0])
    # No row with the label: no sensitivity.
    never = one_by_one(**sums | {"truth": [0, 0]}, guess=[1, 0], both=[0, 0])
    assert np.isnan(rogan_gladen(never).share[0])
    # Raw 0.1, specificity 0.8: below zero, cut.
    cut = rogan_gladen(one_by_one(**sums | {"answered": [1, 1]}, guess=[6, 6], both=[5, 5]))
    assert (cut.share[0], cut.low[0]) == (0.0, 0.0)


def test_perfect_model_keeps_its_shares(tmp_path):
    rows, known = make(np.random.default_rng(1), 60, 30, 1.0, 1.0, year=lambda d: 2019 + d % 2)
    found = shares(read(tmp_path, rows, ["year"]), make_gold(known))
    for group in (found["all"], *found["by"]["year"].values()):
        assert group["correction"] == "own"
        for unit in ("paragraphs", "characters"):
            for label in ("green", "talent", "none"):
                cell = group["shares"][unit][label]
                assert cell["corrected"]["share"] == cell["raw"]["share"] == cell["rogan_gladen"]["share"]
                low, high = cell["corrected"]["interval"]
                assert low <= cell["raw"]["interval"][0] <= cell["raw"]["interval"][1] <= high


def test_without_a_sample_there_are_raw_shares_only(tmp_path):
    rows, _ = make(np.random.default_rng(1), 10, 0, year=lambda d: 2020 + d % 3)
    found = shares(read(tmp_path, rows, ["year"]))
    assert found["gold"] is None
    assert found["notes"][0].startswith("Not corrected: without a labelled sample (--gold)")
    assert found["all"]["correction"] is None
    cell = found["all"]["shares"]["paragraphs"]["green"]
    assert cell["corrected"] is cell["rogan_gladen"] is None
    assert cell["raw"]["interval"][0] < cell["raw"]["share"] < cell["raw"]["interval"][1]
    assert "|gold:none|" in found["signature"]
    page = render(found)
    assert "Raw share of paragraphs" in page
    assert "Rogan" not in page
    assert "Rogan" not in text(found)


def test_groups_are_ordered_and_missing_values_counted(tmp_path):
    years = [2021, "2019", 2020.0, None]
    places = ["江西省", "江西省", " 北京市\n", "湖北省"]
    rows = [
        prediction(n, f"d{n % 8}", "green", year=years[n % 4], place=places[n % 4 if n % 8 else 3]) for n in range(32)
    ]
    del rows[3]["year"]
    found = shares(read(tmp_path, rows, ["year", "place", "year"]))
    assert list(found["by"]) == ["year", "place"]
    assert list(found["by"]["year"]) == ["2019", "2020", "2021", "–"]
    assert {name: group["paragraphs"] for name, group in found["by"]["place"].items()} == {
        "江西省": 12, "湖北省": 12, "北京市": 8,
    }  # fmt: skip
    assert "By year: 8 paragraphs have none and are the group –." in found["notes"]


def test_groups_with_few_labelled_paragraphs_take_the_rates_of_all(tmp_path):
    # Documents 0-29 are labelled; genre `news` has documents 0-24 and 30-39, `plan` 25-29 and 40-59.
    genre = {d: "news" if d < 25 or 30 <= d < 40 else "plan" for d in range(60)}
    rows, known = make(np.random.default_rng(2), 60, 30, genre=genre.get)
    archive, sample = read(tmp_path, rows, ["genre"]), make_gold(known)
    found = shares(archive, sample)
    news, plan = (found["by"]["genre"][name] for name in ("news", "plan"))
    assert (news["correction"], plan["correction"]) == ("own", "pooled")
    assert plan["labelled"] == {"paragraphs": 40, "documents": 5}
    assert any(note.startswith("Marked †") and "by genre 1 of 2" in note for note in found["notes"])
    everywhere = found["all"]["shares"]["paragraphs"]["green"]["rogan_gladen"]
    cell = plan["shares"]["paragraphs"]["green"]
    wrong = 1 - everywhere["specificity"]
    expected = (cell["raw"]["share"] - wrong) / (everywhere["sensitivity"] - wrong)
    assert cell["corrected"]["share"] == pytest.approx(expected, abs=1e-5)
    assert cell["corrected"]["share"] == cell["rogan_gladen"]["share"]
    # A group's own correction is that of the group as an archive of its own.
    alone = [row for row in rows if row["genre"] == "news"]
    inside = {row["id"] for row in alone}
    apart = shares(read(tmp_path, alone), make_gold(e for e in sample.examples if e.id in inside))
    assert apart["all"]["shares"] == news["shares"]
    # The raw share needs no sample.
    bare = shares(archive)["by"]["genre"]["plan"]["shares"]["paragraphs"]["green"]
    assert bare["raw"] == cell["raw"]


def test_group_of_one_document_has_no_interval(tmp_path):
    rows, known = make(np.random.default_rng(2), 30, 20, place=lambda d: "甲" if d == 29 else "乙")
    found = shares(read(tmp_path, rows, ["place"]), make_gold(known))["by"]["place"]["甲"]
    cell = found["shares"]["paragraphs"]["green"]
    assert cell["raw"]["interval"] is cell["corrected"]["interval"] is None
    assert cell["corrected"]["share"] is not None


def test_sample_that_is_unlike_the_archive_is_said_to_be(tmp_path):
    rows, known = make(np.random.default_rng(3), 60, 20)
    assert not any("random" in note for note in shares(read(tmp_path, rows), make_gold(known))["notes"])
    for row in rows[:160]:
        row["labels"] = sorted({*row["labels"], "reform"})
    notes = shares(read(tmp_path, rows), make_gold(known))["notes"]
    assert any("The model answers reform in 100.0\xa0% of it and in 33.3\xa0% of the archive" in note for note in notes)
    one = one_by_one(size=[9, 9], answered=[9, 0], count=[9, 0], labelled=[9, 0], truth=[9, 0], guess=[9, 0],
                     both=[9, 0])  # fmt: skip
    assert is_unlike(one).tolist() == [False]


def test_label_that_the_sample_never_has(tmp_path, worked):
    assert worked["all"]["shares"]["paragraphs"]["reform"]["rogan_gladen"]["share"] is None
    assert worked["all"]["shares"]["paragraphs"]["reform"]["corrected"]["share"] == 0.0
    assert any(note.startswith("Never in the labelled sample") and "reform" in note for note in worked["notes"])
    assert any(note.startswith("The sample is small, 6 labelled paragraphs of 3 documents") for note in worked["notes"])


def test_order_of_rows_and_files_does_not_matter(tmp_path):
    rows, known = make(np.random.default_rng(4), 40, 30, year=lambda d: 2020 + d % 3, place=lambda d: f"省{d % 4}")
    written = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        random.Random(seed).shuffle(known)
        paths = [save(tmp_path / "a.jsonl", rows[:99]), save(tmp_path / "b.jsonl", rows[99:])]
        paths = paths if seed == 1 else paths[::-1]
        found = shares(Archive.read(paths, POLICY_DOMAINS, ["year", "place"]), make_gold(known))
        write(tmp_path / str(seed), found)
        written.append({name: (tmp_path / str(seed) / name).read_bytes() for name in FILES})
    assert written[0] == written[1]


def test_the_users_matplotlib_settings_change_nothing(tmp_path, capfd):
    import matplotlib

    rows, known = make(np.random.default_rng(4), 40, 30, year=lambda d: 2020 + d % 3)
    found = shares(read(tmp_path, rows, ["year"]), make_gold(known))
    page = render(found)
    with matplotlib.rc_context({"font.size": 40, "svg.fonttype": "path", "axes.facecolor": "red"}):
        assert render(found) == page
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render(found)
    assert capfd.readouterr().err == ""


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd()",
    '" onload="x',
    "$\\frac{",
    "--> ]]> &amp;",
    "长" * 5000,
    "a\x00b\x1b[31m",
    "all",
]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)


def test_hostile_names_stay_text(tmp_path):
    rows, known = make(np.random.default_rng(6), 40, 20, place=lambda d: HOSTILE[d % len(HOSTILE)])
    found = shares(read(tmp_path, rows, ["place"]), make_gold(known))
    write(tmp_path / "out", found)
    page = (tmp_path / "out" / "shares.html").read_text(encoding="utf-8")
    seen = Tags()
    seen.feed(page)
    assert not seen.tags & {"script", "link", "img", "iframe", "object"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in seen.attributes)
    assert "&lt;script&gt;alert" in page
    assert "$\\frac{" in page
    assert "\x00" not in page and "\x1b" not in page
    assert "长" * 30 not in page
    drawn = re.findall(r"<svg.*?</svg>", page, re.S)
    assert len(drawn) == 2
    for svg in drawn:
        ElementTree.fromstring(svg)
    with (tmp_path / "out" / "shares.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {row["group"] for row in csv.DictReader(file)}
    assert "'=cmd()" in names and "<script>alert(1)</script>" in names


def test_nothing_is_fetched_and_no_font_named_that_lacks_chinese(tmp_path):
    rows, known = make(np.random.default_rng(6), 20, 12, year=lambda d: 2020 + d % 3)
    page = render(shares(read(tmp_path, rows, ["year"]), make_gold(known)))
    assert not re.search(r"url\((?!#)|@import|<metadata|DejaVu", page)
    assert set(re.findall(r"https?://[^\"]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    # Nine panels and a map for each unit.
    assert page.count("<svg") == 20
    assert "科技创新</text>" in page


def test_table_has_a_row_for_every_group_unit_and_label(tmp_path, worked):
    rows = list(table(worked))
    assert len(rows) == 2 * 9
    green = next(row for row in rows if (row["unit"], row["label"]) == ("paragraphs", "green"))
    assert list(green) == [
        "by", "group", "paragraphs", "documents", "labelled_paragraphs", "labelled_documents", "correction", "unit",
        "label", "name", "raw", "raw_low", "raw_high", "corrected", "corrected_low", "corrected_high", "rogan_gladen",
        "rogan_gladen_low", "rogan_gladen_high", "sensitivity", "specificity",
    ]  # fmt: skip
    assert (green["by"], green["group"], green["name"], green["raw"]) == ("all", "all", "绿色低碳", 0.375)
    write(tmp_path / "out", worked)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    with (tmp_path / "out" / "shares.csv").open(encoding="utf-8-sig", newline="") as file:
        read_back = list(csv.DictReader(file))
    assert len(read_back) == len(rows)
    reform = next(row for row in read_back if row["label"] == "reform")
    assert (reform["rogan_gladen"], reform["raw"]) == ("", "0.0")
    assert json.loads((tmp_path / "out" / "shares.json").read_text(encoding="utf-8")) == worked


def test_many_groups_are_cut_to_thirty_and_it_says_so(tmp_path):
    rows = [prediction(n, f"d{n}", "green", year=1900 + n % 40, place=f"县{n % 35}") for n in range(400)]
    found = shares(read(tmp_path, rows, ["year", "place"]))
    page = render(found)
    assert "30 groups are shown; 10 more are in" in page
    assert "30 groups are shown; 5 more are in" in page
    # The last years are shown, and the lines have all.
    assert "<th>1939</th>" in page and "<th>1909</th>" not in page
    assert len(found["by"]["year"]) == 40


def test_rows_without_a_year_are_not_drawn(tmp_path):
    rows = [prediction(n, f"d{n}", "green", year=(2020, " 2020 ", None)[n % 3]) for n in range(30)]
    assert render(shares(read(tmp_path, rows, ["year"]))).count("<svg") == 2
    rows = [prediction(n, f"d{n}", "green", year=(2020, "2024", "")[n % 3]) for n in range(30)]
    assert render(shares(read(tmp_path, rows, ["year"]))).count("<svg") == 20


def test_the_band_breaks_where_a_year_has_no_interval():
    def point(year, low=None):
        return Point(year, 0.3, None if low is None else (low, low + 0.2))

    panel = [point(2018, 0.1), point(2019, 0.2), point(2020), point(2021, 0.15), point(2022), point(2023)]
    (drawn,) = lines({"green": panel}, "t").values()
    # A band over the first two years, a bar for the one alone.
    assert (drawn.count("fill-opacity: 0.18"), drawn.count("stroke-opacity: 0.35")) == (1, 1)
    panel = [point(2018, 0.1), point(2019, 0.2), point(2020), point(2021, 0.15), point(2022, 0.2)]
    (drawn,) = lines({"green": panel}, "t").values()
    assert (drawn.count("fill-opacity: 0.18"), drawn.count("stroke-opacity: 0.35")) == (2, 0)


def test_a_group_that_is_wholly_labelled_is_said_to_be(tmp_path):
    rows, known = make(np.random.default_rng(2), 30, 20, place=lambda d: "甲" if d < 12 else "乙")
    notes = shares(read(tmp_path, rows, ["place"]), make_gold(known))["notes"]
    (note,) = [note for note in notes if note.startswith("Wholly labelled")]
    assert note.startswith("Wholly labelled: by place 1 of 2. ") and "still speaks of documents like these" in note
    rows, known = make(np.random.default_rng(2), 20, 20)
    assert any(
        n.startswith("Wholly labelled: the archive.") for n in shares(read(tmp_path, rows), make_gold(known))["notes"]
    )


def test_names_stay_in_the_heat_map():
    for name in ("长" * 40, "WWWWWWWWWWWWWWWW", "…" * 20, "MMMM长长长长MMMM长长"):
        drawn = heat_map([Row("all", [0.1]), Row(name, [0.2])], ["a"], "t")
        at = float(re.search(rf'x="([\d.]+)"[^>]*>{re.escape(short(name))}</text>', drawn)[1])
        # Chinese characters, W, M and … are one em of 12 pixels wide, and the text ends at `at`.
        assert at >= 12 * len(short(name)), name


def test_rows_without_text_or_document(tmp_path):
    rows = [{"id": f"p{n}", "labels": ["green"] if n % 2 else []} for n in range(10)]
    found = shares(read(tmp_path, rows))
    assert found["all"]["shares"]["characters"] is None
    assert found["all"]["documents"] == 10
    assert "No shares of characters: 10 of 10 rows come without `text`." in found["notes"]
    assert any(note.startswith("10 rows name no `document`") for note in found["notes"])
    assert "of characters" not in render(found).split("How to read it")[0].split("The whole archive")[1]
    one = shares(read(tmp_path, rows[:1]))
    assert one["all"]["shares"]["paragraphs"]["green"]["raw"] == {"share": 0.0, "interval": None}
    assert "No intervals: they take at least two documents." in one["notes"]
    render(one)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"labels": []}], "p.jsonl:1: `id` is missing"),
        ([{"id": "a"}], "p.jsonl:1: `labels` is missing"),
        ([{"id": 1, "labels": []}], "p.jsonl:1: `id` is a number, not text"),
        ([{"id": "a", "labels": "green"}], "p.jsonl:1: `labels` is not a list of label ids"),
        ([{"id": "a", "labels": [["green"]]}], "p.jsonl:1: `labels` is not a list of label ids"),
        ([{"id": "a", "labels": ["gren"]}], "p.jsonl:1: unknown label 'gren' (nearest: 'green')"),
        ([{"id": "a", "labels": [], "text": None}], "p.jsonl:1: `text` is null, not text"),
        ([{"id": "a", "labels": [], "document": 3}], "p.jsonl:1: `document` is a number, not text"),
        ([{"id": "a", "labels": [], "year": [2020]}], "p.jsonl:1: `year` is a list, not text or a number"),
        ([{"id": "a", "labels": [], "year": {}}], "p.jsonl:1: `year` is an object, not text or a number"),
        ([{"id": "a", "labels": [], "year": 10**300}], "p.jsonl:1: `year` is not a year within 1 and 9999"),
        ([{"id": "a", "labels": [], "year": -1.0}], "p.jsonl:1: `year` is not a year within 1 and 9999"),
        ([{"id": "a", "labels": [], "year": float("nan")}], "p.jsonl:1: NaN is not JSON"),
        ([{"id": "a", "labels": [], "year": "2021年"}], "p.jsonl:1: `year` is '2021年', not a whole number"),
        ([{"id": "a", "labels": [], "year": 2020.5}], "p.jsonl:1: `year` is '2020.5', not a whole number"),
        ([{"id": "a", "labels": [], "year": True}], "p.jsonl:1: `year` is 'true', not a whole number"),
        ([{"id": "a", "labels": [], "year": "123456789012"}], "p.jsonl:1: `year` is not a year within 1 and 9999"),
        ([{"id": "a", "labels": []}, {"id": "a", "labels": []}], "id 'a' was used before, at "),
        ([{"id": "a", "labels": [], "yaer": 1}], "no row has the key 'year' (nearest: 'yaer')"),
        ([{"id": "a", "labels": [], "x\ny": 1}], "no row has the key 'year' (known: id, labels)"),
        ([[1]], "p.jsonl:1: a row is a JSON object, not a list"),
        ([], "no predictions in it"),
    ],
)
def test_bad_predictions_are_refused_in_one_line(tmp_path, rows, message):
    with pytest.raises(GongbaoError) as error:
        read(tmp_path, rows, ["year"])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_id_in_two_files_is_refused(tmp_path):
    paths = [save(tmp_path / name, [prediction(1, "d", "green")]) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(GongbaoError, match=r"b\.jsonl:1: id 'p0001' was used before, at .*a\.jsonl:1"):
        Archive.read(paths, POLICY_DOMAINS)
    with pytest.raises(GongbaoError, match="cannot read"):
        Archive.read([tmp_path / "absent.jsonl"], POLICY_DOMAINS)


def test_sample_that_is_not_of_the_archive_is_refused(tmp_path):
    archive = read(tmp_path, [prediction(n, "d", "green") for n in range(5)])
    with pytest.raises(GongbaoError, match=r"^sample\.jsonl: 2 of its 3 ids have no prediction: 'p0008', 'p0009'$"):
        shares(archive, make_gold(example(n, "d", "green") for n in (1, 8, 9)))
    with pytest.raises(GongbaoError, match=r"^sample\.jsonl: the text of 'p0001' is not the one that was predicted$"):
        shares(archive, make_gold([example(1, "d", "green", size=11)]))


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, worked):
    (tmp_path / "file").write_text("")
    with pytest.raises(GongbaoError, match="cannot write the shares to"):
        write(tmp_path / "file", worked)


def test_names_are_cut_to_the_width_of_a_figure():
    assert short("新疆维吾尔自治区") == "新疆维吾尔自治区"
    assert short("长" * 40) == "长" * 11 + "…"
    assert short("a\u202eb\x07") == "a�b�"


def test_corrected_interval_covers_where_the_raw_one_fails():
    from benchmarks.coverage_shares import CASES, simulate

    case = next(case for case in CASES if case.name == "rare label")
    generator = np.random.default_rng(7)
    drawn = [simulate(case, generator)[0] for _ in range(150)]
    covered = {
        method.__name__: np.mean([(e := method(sums)).low[0] <= case.share <= e.high[0] for sums in drawn])
        for method in (raw, prediction_powered)
    }
    assert covered["raw"] < 0.5
    assert covered["prediction_powered"] >= 0.93
