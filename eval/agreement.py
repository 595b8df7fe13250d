"""How far two annotators agree: Cohen's kappa, Krippendorff's alpha, positive agreement, by label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Bools, Floats, Gold, Ints, check_text, indicator, match
from eval.intervals import count, from_sums, interval, mean_of_labels, outcomes, resample
from eval.markdown import table
from eval.metrics import mean, number
from eval.output import as_json
from eval.tables import BLANK, figure, span
from eval.words import INTERVAL, many, plain
from gongbao import __version__
from gongbao.errors import GongbaoError
from gongbao.examples import Example
from gongbao.files import write_text
from gongbao.labels import NONE, Scheme


def agree_files(
    a: str | Path, b: str | Path, scheme: Scheme, resamples: int = 1000, seed: int = 12345
) -> dict[str, Any]:
    """Compare two files of labelled examples; errors as `read_examples` and `agree` raise them."""
    return agree(Gold.read(a, scheme), Gold.read(b, scheme), resamples, seed)


def agree(a: Gold, b: Gold, resamples: int = 1000, seed: int = 12345) -> dict[str, Any]:
    """Compare two annotators' labels of the same paragraphs, at paragraph and at sentence level.

    Returns `paragraphs` and `sentences` (None where one labelled paragraphs as a whole): `n`, for each label and `none`
    its kappa, alpha, positive agreement (the F1 of one against the other, which is the same both ways), raw agreement
    and both supports; their means over labels, `macro`; and `exact_match`. Kappa, alpha and positive agreement have
    their document-bootstrap intervals. `differences` lists what is to be adjudicated, a row a sentence (or a paragraph,
    where one was labelled whole): `id`, `document`, `sentence`, `text` and the labels that only `a` or only `b` set.
    Raises GongbaoError unless both have the same ids and sentences, saying where not.
    """
    order = match(a.ids, b.ids, b.name, a.name)
    other = [b.examples[i] for i in order]
    for first, second in zip(a.examples, other, strict=True):
        _check_texts(first, second, a.name, b.name)
    weights = resample(len(a.documents), resamples, seed)
    answer = indicator((example.labels for example in other), a.scheme)
    sentences = None
    if a.sentence_truth is not None and all(example.by_sentence for example in other):
        theirs = indicator((s.labels for example in other for s in example.sentences), a.scheme)
        sentences = compare(a.sentence_truth, theirs, a.scheme.ids, a.sentence_document, weights)
    return {
        "signature": f"agreement|a:{a.sha256[:6]}|b:{b.sha256[:6]}|n:{len(a.examples)}|docs:{len(a.documents)}"
        f"|labels:{a.scheme.signature}|boot:{resamples}|seed:{seed}|gongbao:{__version__}",
        "a": {"file": a.name, "sha256": a.sha256},
        "b": {"file": b.name, "sha256": b.sha256},
        "names": {label.id: label.zh for label in a.scheme},
        "documents": len(a.documents),
        "paragraphs": compare(a.truth, answer, a.scheme.ids, a.document, weights),
        "sentences": sentences,
        "differences": [row for first, second in zip(a.examples, other, strict=True) for row in _differ(first, second)],
    }


def _differ(a: Example, b: Example) -> list[dict[str, Any]]:
    pairs: list[tuple[int | None, str, Sequence[str], Sequence[str]]]
    if a.by_sentence and b.by_sentence:
        pairs = [(n, s.text, s.labels, t.labels) for n, (s, t) in enumerate(zip(a.sentences, b.sentences, strict=True))]
    else:
        pairs = [(None, a.text, a.labels, b.labels)]
    return [
        {
            "id": a.id,
            "document": a.document,
            "sentence": number,
            "text": text,
            "only_a": [label for label in mine if label not in theirs],
            "only_b": [label for label in theirs if label not in mine],
        }
        for number, text, mine, theirs in pairs
        if set(mine) != set(theirs)
    ]


def compare(a: Bools, b: Bools, ids: Sequence[str], document: Ints, weights: Ints) -> dict[str, Any]:
    """Compare two label arrays `(rows, labels)`; `document` is each row's document, `weights` the resamples."""
    sums = weights @ count(a, b, document)
    resampled = from_sums(sums)
    kappas, alphas = _resampled(sums)
    columns = zip(
        [*a.T, ~a.any(axis=1)],
        [*b.T, ~b.any(axis=1)],
        [*resampled.f1.T, resampled.none],
        kappas.T,
        alphas.T,
        strict=True,
    )
    rows = [
        _pair(first, second)
        | {"interval": interval(f1), "kappa_interval": interval(chance), "alpha_interval": interval(value)}
        for first, second, f1, chance, value in columns
    ]
    macro: dict[str, Any] = {
        key: mean(row[key] for row in rows[:-1]) for key in ("kappa", "alpha", "positive_agreement", "raw_agreement")
    }
    for name, values in (("kappa_interval", kappas), ("alpha_interval", alphas)):
        macro[name] = interval(mean_of_labels(values))
    return {
        "n": len(a),
        "labels": dict(zip(ids, rows[:-1], strict=True)),
        "none": rows[-1],
        "macro": macro | {"interval": interval(resampled.macro)},
        "exact_match": float((a == b).all(axis=1).mean()),
    }


def _resampled(sums: Floats) -> tuple[Floats, Floats]:
    """Kappa and alpha of each resample, `(resamples, labels + 1)` each, from `count`'s sums; NaN where undefined."""
    both, only_b, only_a = outcomes(sums)
    n = sums[:, -1:]
    yes_a, yes_b = both + only_a, both + only_b
    yes, no = yes_a + yes_b, 2 * n - yes_a - yes_b
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = (yes_a * yes_b + (n - yes_a) * (n - yes_b)) / n**2
        kappas = np.where(chance < 1, (1 - (only_a + only_b) / n - chance) / (1 - chance), np.nan)
        alphas = np.where((yes > 0) & (no > 0), 1 - (2 * n - 1) * (only_a + only_b) / (yes * no), np.nan)
    return kappas, alphas


def kappa(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float | None:
    """Cohen's kappa (Cohen, 1960) of one label; None where both always say the same one thing: there is no chance."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(np.concatenate([a, b]))) < 2:
        return None
    return number(cohen_kappa_score(a, b, labels=[False, True]))


def alpha(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float | None:
    """Krippendorff's alpha of one label for two coders without gaps; None where all values are the same.

    1 - (n - 1) o / (n0 n1): n values in all, n0 of them no and n1 yes, o texts on which the coders differ
    (Krippendorff, 2011, Computing Krippendorff's Alpha-Reliability, binary data).

    >>> first, second = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 0]), np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    >>> round(alpha(first == 1, second == 1), 3)  # Krippendorff's own example: 1 - 19 * 4 / (14 * 6)
    0.095
    """
    yes = int(a.sum() + b.sum())
    total = 2 * len(a)
    if yes in (0, total):
        return None
    return 1 - (total - 1) * int((a != b).sum()) / (yes * (total - yes))


def positive_agreement(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float | None:
    """The F1 of one coder against the other, the same both ways; None where neither says yes."""
    either = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / either if either else None


def render(found: dict[str, Any]) -> str:
    """Return the comparison as Markdown: a sentence, then a table for paragraphs and one for sentences."""
    macro = found["paragraphs"]["macro"]
    bounds = macro["interval"]
    agreed = figure(macro["positive_agreement"])
    within = f" ({INTERVAL} interval {span(bounds)})" if bounds else ""
    rows = f"{many(found['paragraphs']['n'], 'paragraph')} of {many(found['documents'], 'document')}"
    verdict = f"Macro positive agreement {agreed}{within} on {rows}; macro kappa {figure(macro['kappa'])}."
    verdict += f" They differ in {many(len(found['differences']), 'place')}."
    parts = [
        plain(f"# {found['b']['file']} against {found['a']['file']}"),
        verdict,
    ]
    for level in ("paragraphs", "sentences"):
        if found[level]:
            parts += [f"## {level.capitalize()}", _table(found[level], found["names"])]
        else:
            parts.append("No sentence figures: a paragraph is labelled as a whole.")
    parts.append(f"`{BLANK}` is undefined and leaves the mean. Signature: `{found['signature']}`")
    return "\n\n".join(parts) + "\n"


def write(path: str | Path, found: dict[str, Any], text: str) -> None:
    """Write the comparison, atomically: as JSON into a `.json` file, else as Markdown."""
    target = Path(path)
    content = as_json(found) if target.suffix == ".json" else text
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, content)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error


def _pair(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "kappa": kappa(a, b),
        "alpha": alpha(a, b),
        "positive_agreement": positive_agreement(a, b),
        "raw_agreement": float((a == b).mean()),
        "support": [int(a.sum()), int(b.sum())],
    }


def _check_texts(first: Example, second: Example, a: str, b: str) -> None:
    mine, theirs = [s.text for s in first.sentences], [s.text for s in second.sentences]
    if mine == theirs:
        return
    check_text(first, second, a, b)
    differing = [n for n, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]]
    raise GongbaoError(f"{b}: {first.id!r} is cut otherwise than in {a}, from sentence {differing[0] + 1} on")


def _table(level: dict[str, Any], names: dict[str, str]) -> str:
    measures = ("kappa", INTERVAL, "alpha", INTERVAL, "positive", INTERVAL, "raw")
    header = ("label", "名称", *measures, "support A", "support B")
    rows = []
    for label, row in [*level["labels"].items(), (NONE, level["none"]), ("macro", level["macro"])]:
        pairs = (("kappa", "kappa_interval"), ("alpha", "alpha_interval"), ("positive_agreement", "interval"))
        figures = [cell for key, bounds in pairs for cell in (figure(row[key]), span(row[bounds]))]
        supports = [str(n) for n in row.get("support", (BLANK, BLANK))]
        name = names.get(label, "无涉及" if label == NONE else "")
        rows.append([label, name, *figures, figure(row["raw_agreement"]), *supports])
    exact = [BLANK] * 6 + [figure(level["exact_match"])] + [BLANK] * 2
    return table(header, [*rows, ["exact match", "", *exact]])
