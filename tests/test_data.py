"""The committed data keeps what its card promises. A check is a function; a planted fault shows that it works."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from sklearn.metrics import cohen_kappa_score, f1_score

from gongbao.examples import Example, LabelledSentence, read_examples
from gongbao.labels import NONE, POLICY_DOMAINS, Scheme

DATA = ROOT / "data"
SPLITS = ("train", "dev", "gold")
CARD = (DATA / "README.md").read_text(encoding="utf-8")
CODEBOOK = (DATA / "CODEBOOK.md").read_text(encoding="utf-8")

Splits = dict[str, list[Example]]
Row = list[str]


@pytest.fixture(scope="module")
def splits() -> Splits:
    return {name: read_examples(DATA / f"{name}.jsonl", POLICY_DOMAINS) for name in SPLITS}


@pytest.fixture(scope="module")
def seconds() -> Splits:
    return {name: read_examples(DATA / f"{name}.second.jsonl", POLICY_DOMAINS) for name in ("dev", "gold")}


def example(id: str, *sentences: tuple[str, str], document: str = "d1") -> Example:
    """A paragraph of `(text, labels joined by spaces)`."""
    made = tuple(LabelledSentence(text, tuple(labels.split())) for text, labels in sentences)
    return Example(id, document, made, tuple(POLICY_DOMAINS.check(label for s in made for label in s.labels)))


# Ids and documents


def repeated_ids(splits: Splits) -> list[str]:
    counted = Counter(row.id for rows in splits.values() for row in rows)
    return sorted(id for id, times in counted.items() if times > 1)


def shared_documents(splits: Splits) -> list[str]:
    """Documents that stand in more than one split."""
    where: dict[str, set[str]] = defaultdict(set)
    for name, rows in splits.items():
        for row in rows:
            where[row.document].add(name)
    return sorted(document for document, names in where.items() if len(names) > 1)


def test_ids_are_unique_across_splits(splits):
    assert repeated_ids(splits) == []


def test_a_document_stands_on_one_side_only(splits):
    assert shared_documents(splits) == []


def test_a_repeated_id_and_a_shared_document_are_found():
    planted = {
        "train": [example("d1-1", ("甲。", "")), example("d2-1", ("乙。", ""), document="d2")],
        "gold": [example("d1-2", ("丙。", "")), example("d2-1", ("丁。", ""), document="d3")],
    }
    assert repeated_ids(planted) == ["d2-1"]
    assert shared_documents(planted) == ["d1"]


# The second annotator's files


def differing(first: Sequence[Example], second: Sequence[Example]) -> list[str]:
    """Ids of rows that differ in more than their labels, or that only one of the two has, or that are out of order."""

    def bare(row: Example) -> Example:
        return replace(row, labels=(), sentences=tuple(replace(s, labels=()) for s in row.sentences))

    if [row.id for row in first] != [row.id for row in second]:
        return sorted({row.id for row in first} ^ {row.id for row in second}) or ["(order)"]
    return [a.id for a, b in zip(first, second, strict=True) if bare(a) != bare(b)]


@pytest.mark.parametrize("name", ["dev", "gold"])
def test_the_second_file_differs_in_labels_only(splits, seconds, name):
    assert differing(splits[name], seconds[name]) == []
    assert splits[name] != seconds[name]


def test_a_second_file_that_differs_is_found():
    first = [example("a", ("布局省实验室。", "innovation")), example("b", ("会议闭幕。", ""))]
    relabelled = [example("a", ("布局省实验室。", "")), first[1]]
    assert differing(first, relabelled) == []
    assert differing(first, [replace(first[0], year=2020), first[1]]) == ["a"]
    assert differing(first, [first[0], example("b", ("会议开幕。", ""))]) == ["b"]
    assert differing(first, first[:1]) == ["b"]
    assert differing(first, first[::-1]) == ["(order)"]


# Labels


def scarce(rows: Sequence[Example], minimum: int, scheme: Scheme = POLICY_DOMAINS) -> dict[str, int]:
    """Labels on fewer than `minimum` paragraphs, with their count; `none` is counted too."""
    counted = Counter(label for row in rows for label in row.labels or (NONE,))
    return {label: counted[label] for label in (*scheme.ids, NONE) if counted[label] < minimum}


@pytest.mark.parametrize(("name", "minimum"), [("train", 400), ("dev", 20), ("gold", 40)])
def test_every_label_occurs_often_enough(splits, name, minimum):
    assert scarce(splits[name], minimum) == {}


def test_a_scarce_label_is_found():
    rows = [example(f"p{n}", ("甲。", " ".join(POLICY_DOMAINS.ids[:-1]))) for n in range(2)]
    rows.append(example("p2", ("乙。", "party-building")))
    # Seven labels on two paragraphs each, party-building on one, no paragraph without a label.
    assert scarce(rows, 2) == {"party-building": 1, "none": 0}


# Near-duplicates


def near_duplicates(splits: Splits, least: float = 0.5, shortest: int = 20) -> list[tuple[float, str, str]]:
    """Pairs of sentences from two splits whose 5-gram sets have a Jaccard of `least` or more, as `(Jaccard, id, id)`.

    Both sentences have at least `shortest` characters and at least one of the two carries a label: headings (short) and
    set formulas (without a label) may recur. The text is taken as it stands, punctuation included.
    """
    found: list[tuple[float, str, str]] = []
    earlier: list[tuple[str, bool, set[str]]] = []
    postings: dict[str, list[int]] = defaultdict(list)
    for rows in splits.values():
        fresh = [
            (row.id, bool(sentence.labels), fivegrams(sentence.text))
            for row in rows
            for sentence in row.sentences
            if len(sentence.text) >= shortest
        ]
        for id, labelled, grams in fresh:
            common = Counter(number for gram in grams for number in postings.get(gram, ()))
            for number, count in common.items():
                other, other_labelled, other_grams = earlier[number]
                jaccard = count / (len(grams) + len(other_grams) - count)
                if jaccard >= least and (labelled or other_labelled):
                    found.append((jaccard, other, id))
        # Only now, so that a split is compared with those before it and not with itself.
        for row in fresh:
            for gram in row[2]:
                postings[gram].append(len(earlier))
            earlier.append(row)
    return sorted(found, reverse=True)


def fivegrams(text: str) -> set[str]:
    return {text[start : start + 5] for start in range(len(text) - 4)}


def test_no_labelled_sentence_has_a_near_duplicate_across_splits(splits):
    assert near_duplicates(splits) == []


def test_the_card_says_how_many_short_ones_recur(splits):
    found = near_duplicates(splits, shortest=5)
    assert f"{len(found)} pairs with a shorter sentence reach 0.5" in " ".join(CARD.split())
    assert sum(jaccard == 1 for jaccard, _, _ in found) == 5  # "five of them word for word"


# Twenty different characters, hence 20 - 4 = 16 different 5-grams.
TWENTY = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"


@pytest.mark.parametrize(
    ("other", "jaccard"),
    [
        (TWENTY, 1.0),
        # The first 16 characters are shared: 12 of 16 and 16 5-grams. 12 / (16 + 16 - 12) = 12 / 20.
        (TWENTY[:16] + "金木水火", 0.6),
        # 15 shared, 5 more: 11 / (16 + 16 - 11) = 11 / 21.
        (TWENTY[:15] + "金木水火土", 11 / 21),
        # 16 shared, 8 more, 24 in all: 12 of 16 and 20. 12 / (16 + 20 - 12) = 12 / 24, the limit itself.
        (TWENTY[:16] + "金木水火土日月星", 0.5),
    ],
)
def test_a_near_duplicate_is_found(other, jaccard):
    for train, gold in (("", "green"), ("green", ""), ("green", "green")):
        planted = {"train": [example("t", (TWENTY, train))], "gold": [example("g", (other, gold))]}
        assert near_duplicates(planted) == [(pytest.approx(jaccard), "t", "g")]


@pytest.mark.parametrize(
    ("train", "gold", "why"),
    [
        ((TWENTY, "green"), (TWENTY[:14] + "金木水火土日", "green"), "14 shared: 10 / (16 + 16 - 10) = 0.45"),
        ((TWENTY, ""), (TWENTY, ""), "a formula without a label"),
        ((TWENTY[:19], "green"), (TWENTY[:19], "green"), "19 characters: a heading"),
    ],
)
def test_what_may_recur_is_left_alone(train, gold, why):
    assert near_duplicates({"train": [example("t", train)], "gold": [example("g", gold)]}) == [], why


def test_a_split_is_not_compared_with_itself():
    twice = [example("t1", (TWENTY, "green")), example("t2", (TWENTY, "green"))]
    assert near_duplicates({"train": twice, "gold": []}) == []
    assert near_duplicates({"train": [], "dev": twice[:1], "gold": twice[1:]}) == [(1.0, "t1", "t2")]


# The codebook


def codebook_version(text: str) -> str | None:
    found = re.search(r"^Version (\d+\.\d+),", text, re.MULTILINE)
    return found.group(1) if found else None


def codebook_names(text: str) -> list[tuple[str, str]]:
    """The `(id, Chinese name)` rows of the codebook's table of labels."""
    return re.findall(r"^\| `([a-z-]+)` \| (\S+) \|", text, re.MULTILINE)


def test_the_codebook_is_the_schemes():
    assert codebook_version(CODEBOOK) == POLICY_DOMAINS.codebook
    assert codebook_names(CODEBOOK) == [(label.id, label.zh) for label in POLICY_DOMAINS]


def test_the_codebook_is_read_as_written():
    text = "# Codebook\n\nVersion 2.10, today.\n\n| id | 中文名 | covers |\n|---|---|---|\n| `green` | 绿色 | x |\n"
    assert codebook_version(text) == "2.10"
    assert codebook_names(text) == [("green", "绿色")]
    assert codebook_version("# Codebook\n") is None


# The card


def tables(text: str) -> list[list[Row]]:
    """Every table of a Markdown text, as rows of stripped cells without the line under the header."""
    found: list[list[Row]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            if not inside:
                found.append([])
            cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
            if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                found[-1].append(cells)
        inside = line.startswith("|")
    return found


def share(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f} %)"


def sizes(splits: Splits) -> list[Row]:
    columns = []
    for rows in splits.values():
        lengths = Counter(row.document for row in rows)
        sentences = [sentence for row in rows for sentence in row.sentences]
        years = [row.year for row in rows if row.year]
        columns.append(
            [
                f"{len(lengths):,}",
                f"{sum(length == 1 for length in lengths.values()):,}",
                f"{len(rows):,}",
                share(sum(not row.labels for row in rows), len(rows)),
                share(sum(len(row.labels) > 1 for row in rows), len(rows)),
                f"{len(sentences):,}",
                share(sum(not sentence.labels for sentence in sentences), len(sentences)),
                f"{sum(len(row.text) for row in rows):,}",
                f"{min(years)}–{max(years)}",
                f"{len({row.place for row in rows}):,}",
            ]
        )
    names = ["documents", "documents of one paragraph", "paragraphs", "paragraphs without a label"]
    names += ["paragraphs with two labels or more", "sentences", "sentences without a label"]
    names += ["characters", "years", "places, as written"]
    return [["", *splits], *([name, *cells] for name, cells in zip(names, zip(*columns, strict=True), strict=True))]


def label_counts(splits: Splits, scheme: Scheme = POLICY_DOMAINS) -> list[Row]:
    counted = []
    for rows in splits.values():
        counted.append(Counter(label for row in rows for label in row.labels))
        counted.append(Counter(label for row in rows for sentence in row.sentences for label in sentence.labels))
    header = ["label", "名称"] + [f"{name}, {unit}" for name in splits for unit in ("paragraphs", "sentences")]
    return [header, *([label.id, label.zh, *(f"{count[label.id]:,}" for count in counted)] for label in scheme)]


def genres(splits: Splits) -> list[Row]:
    paragraphs = [Counter(row.genre for row in rows) for rows in splits.values()]
    documents = [Counter({row.document: row.genre for row in rows}.values()) for rows in splits.values()]
    order = [genre for genre, _ in sum(paragraphs, Counter()).most_common()]
    cells = [
        [f"{d[genre]:,} / {p[genre]:,}" if p[genre] else "–" for d, p in zip(documents, paragraphs, strict=True)]
        for genre in order
    ]
    return [["genre", *splits], *([str(genre), *row] for genre, row in zip(order, cells, strict=True))]


def agreement(splits: Splits, seconds: Splits, scheme: Scheme = POLICY_DOMAINS) -> list[Row]:
    """Cohen's kappa and positive agreement (one annotator's F1 against the other) by label, after scikit-learn."""
    header, columns = ["label"], []
    for name, unit in product(("gold", "dev"), ("paragraphs", "sentences")):
        first, second = (indicator(rows, unit, scheme).T for rows in (splits[name], seconds[name]))
        for figure, measure in (("kappa", cohen_kappa_score), ("positive", f1_score)):
            values = [measure(a, b) for a, b in zip(first, second, strict=True)]
            header.append(f"{name} {unit}, {figure}")
            # The last value is that of `none`, which is not in the mean over labels.
            columns.append([f"{value:.3f}" for value in (*values, np.mean(values[:-1]))])
    names = [*scheme.ids, NONE, "macro"]
    return [header, *([name, *cells] for name, cells in zip(names, zip(*columns, strict=True), strict=True))]


def indicator(rows: Sequence[Example], unit: str, scheme: Scheme) -> np.ndarray:
    """One row a paragraph or sentence, one column a label and a last one for `none`."""
    sets = [row.labels for row in rows] if unit == "paragraphs" else [s.labels for row in rows for s in row.sentences]
    return np.array([[label in labels for label in scheme.ids] + [not labels] for labels in sets])


def stale(card: str, expected: Sequence[list[Row]]) -> list[str]:
    """Rows that the data gives and the card's table with the same header does not say; each as it should read."""
    written = {tuple(table[0]): table for table in tables(card)}
    wrong = []
    for counted in expected:
        table = written.get(tuple(counted[0]), [])
        wrong += [" | ".join(row) for row in counted if row not in table or len(table) != len(counted)]
    return wrong


def test_the_cards_tables_are_counted_from_the_files(splits, seconds):
    assert stale(CARD, [sizes(splits), label_counts(splits), genres(splits), agreement(splits, seconds)]) == []


def test_a_stale_card_is_found():
    counted = [[["", "train"], ["documents", "1,932"], ["paragraphs", "4,058"]]]
    card = "Sizes:\n\n| | train |\n| :--- | ---: |\n| documents | 1,932 |\n| paragraphs | 4,058 |\n"
    assert stale(card, counted) == []
    assert stale(card.replace("4,058", "4,105"), counted) == ["paragraphs | 4,058"]
    assert "paragraphs | 4,058" in stale(card.replace("| paragraphs | 4,058 |\n", ""), counted)
    assert stale(card + "| notes | 3 |\n", counted)
    assert stale("No table.", counted) == [" | train", "documents | 1,932", "paragraphs | 4,058"]


def test_sizes_and_labels_are_counted_as_by_hand():
    rows = [
        replace(example("a-1", ("布局省实验室。", "innovation talent"), ("闭幕。", "")), year=2020, place="江西省"),
        replace(example("a-2", ("植树。", "green")), year=2020, place="江西省"),
        replace(example("b-1", ("开幕。", ""), document="d2"), year=2021, place="全国"),
    ]
    # 3 paragraphs, 1 of them without a label and 1 with two; 4 sentences, 2 without; 7 + 3 + 3 + 3 = 16 characters.
    assert [row[1] for row in sizes({"dev": rows})] == [
        *("dev", "2", "1", "3", "1 (33.3 %)", "1 (33.3 %)", "4", "2 (50.0 %)", "16", "2020–2021", "2")
    ]
    assert {row[0]: row[2:] for row in label_counts({"dev": rows})[1:4]} == {
        "innovation": ["1", "1"],
        "industry": ["0", "0"],
        "green": ["1", "1"],
    }


def test_the_cards_example_rows_are_accepted(splits, tmp_path: Path):
    blocks = re.findall(r"```json\n(.*?)```", CARD, re.DOTALL)
    file = tmp_path / "card.jsonl"
    file.write_text("".join(blocks), encoding="utf-8")
    rows = read_examples(file, POLICY_DOMAINS)
    assert [row.by_sentence for row in rows] == [True, False]
    assert rows[0] in splits["train"]
    assert rows[1].labels == ("green", "reform")
