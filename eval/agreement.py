"""How far two annotators agree: Cohen's kappa, Krippendorff's alpha, positive agreement, by label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Bools, Gold, Ints, indicator, match
from eval.intervals import count, interval, resample, statistics
from eval.markdown import BLANK, figure, table
from eval.metrics import mean, number
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
    and both supports; their means over labels, `macro`, with the document-bootstrap interval of the mean positive
    agreement; and `exact_match`. Raises GongbaoError unless both have the same ids and sentences, saying where not.
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
    }


def compare(a: Bools, b: Bools, ids: Sequence[str], document: Ints, weights: Ints) -> dict[str, Any]:
    """Compare two label arrays `(rows, labels)`; `document` is each row's document, `weights` the resamples."""
    resampled = statistics(count(a, b, document), weights)
    columns = zip([*a.T, ~a.any(axis=1)], [*b.T, ~b.any(axis=1)], [*resampled.f1.T, resampled.none], strict=True)
    rows = [_pair(first, second) | {"interval": interval(values)} for first, second, values in columns]
    macro = {
        key: mean(row[key] for row in rows[:-1]) for key in ("kappa", "alpha", "positive_agreement", "raw_agreement")
    }
    return {
        "n": len(a),
        "labels": dict(zip(ids, rows[:-1], strict=True)),
        "none": rows[-1],
        "macro": macro | {"interval": interval(resampled.macro)},
        "exact_match": float((a == b).all(axis=1).mean()),
    }


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


def render(found: dict[str, Any]) -> str:
    """Return the comparison as Markdown: a sentence, then a table for paragraphs and one for sentences."""
    macro = found["paragraphs"]["macro"]
    span = macro["interval"]
    agreed = figure(macro["positive_agreement"])
    within = f" (95 % interval {span[0]:.3f}–{span[1]:.3f})" if span else ""
    rows = f"{found['paragraphs']['n']} paragraphs of {found['documents']} documents"
    verdict = f"Macro positive agreement {agreed}{within} on {rows}; macro kappa {figure(macro['kappa'])}."
    parts = [
        f"# {found['b']['file']} against {found['a']['file']}",
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
    as_json = json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    content = as_json if target.suffix == ".json" else text
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, content)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error


def _pair(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> dict[str, Any]:
    both, either = int((a & b).sum()), int(a.sum() + b.sum())
    return {
        "kappa": kappa(a, b),
        "alpha": alpha(a, b),
        "positive_agreement": 2 * both / either if either else None,
        "raw_agreement": float((a == b).mean()),
        "support": [int(a.sum()), int(b.sum())],
    }


def _check_texts(first: Example, second: Example, a: str, b: str) -> None:
    mine, theirs = [s.text for s in first.sentences], [s.text for s in second.sentences]
    if mine == theirs:
        return
    if first.text != second.text:
        raise GongbaoError(f"{b}: the text of {first.id!r} is not that of {a}")
    differing = [n for n, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]]
    raise GongbaoError(f"{b}: {first.id!r} is cut otherwise than in {a}, from sentence {differing[0] + 1} on")


def _table(level: dict[str, Any], names: dict[str, str]) -> str:
    header = ("label", "名称", "kappa", "alpha", "positive", "95 %", "raw", "support A", "support B")
    rows = []
    for label, row in [*level["labels"].items(), (NONE, level["none"]), ("macro", level["macro"])]:
        span = f"{row['interval'][0]:.3f}–{row['interval'][1]:.3f}" if row["interval"] else BLANK
        figures = [figure(row[key]) for key in ("kappa", "alpha", "positive_agreement")]
        supports = [str(n) for n in row.get("support", (BLANK, BLANK))]
        name = names.get(label, "无涉及" if label == NONE else "")
        rows.append([label, name, *figures, span, figure(row["raw_agreement"]), *supports])
    exact = [BLANK] * 4 + [figure(level["exact_match"])] + [BLANK] * 2
    return table(header, [*rows, ["exact match", "", *exact]])
