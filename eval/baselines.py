"""The systems that a score is read against: what must be beaten, and the ceiling."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eval.gold import Gold
from eval.sources import find_model, is_file, split_name
from eval.system import System, majority, open_system
from gongbao import models
from gongbao.decision import Decision
from gongbao.errors import GongbaoError

SECOND = "second annotator"
KEYWORDS = "keyword list"
TFIDF = "TF-IDF"


def find_baselines(
    x: str | Path,
    gold: Gold,
    gold_path: str | Path,
    named: Sequence[str] = (),
    runs: str | Path = "models",
) -> tuple[list[System], list[str]]:
    """Open the systems to show beside X, and say which are missing and how to get them.

    `named` are further systems, `X` or `name=X`. Added where there is one: the newest complete TF-IDF run in `runs`
    and the second annotator's file beside the gold (`gold.second.jsonl`); and always the keyword list and the majority
    answer. X itself is not its own baseline. A named system that cannot be opened raises GongbaoError; an added one is
    left out.
    """
    sources = [split_name(each) for each in named]
    found = [open_system(source, gold, name) for name, source in sources]
    taken = [_place(x), *(_place(source) for _, source in sources)]
    notes: list[str] = []
    tfidf = newest_tfidf(runs, gold.scheme.ids)
    second = Path(gold_path).with_name(Path(gold_path).stem + ".second.jsonl")
    if tfidf is None and not any(_is_tfidf(each) for each in (x, *(source for _, source in sources))):
        notes.append("No TF-IDF baseline: there is no run; `python -m train configs/tfidf.toml` makes one.")
    for name, source in ((TFIDF, tfidf), (SECOND, second)):
        if source is None or not source.exists() or source.resolve() in taken:
            continue
        try:
            found.append(open_system(source, gold, name))
        except GongbaoError as error:
            # The report goes to others: it names files, not where they lie on this machine.
            notes.append(f"No {name}: {str(error).replace(str(source), source.name)}")
    return [*found, *keywords(gold), majority(gold)], notes


def keywords(gold: Gold) -> list[System]:
    """The system that looks for words (`keywords.toml`), paragraph by paragraph; none for another label scheme."""
    words = tomllib.loads((Path(__file__).parent / "keywords.toml").read_text(encoding="utf-8"))
    if set(words) != set(gold.scheme.ids):
        return []
    lists = [words[label] for label in gold.scheme.ids]
    texts = [example.text for example in gold.examples]
    answer = np.array([[any(word in text for word in each) for each in lists] for text in texts], dtype=bool)
    return [System(KEYWORDS, "keywords", answer)]


def newest_tfidf(runs: str | Path = "models", ids: Sequence[str] = ()) -> Path | None:
    """Return the complete TF-IDF run that finished last, of those that answer these labels if any does; else None."""
    found = models.complete(runs, "tfidf")
    return next((folder for folder in found if _ids(folder) == tuple(ids)), found[0] if found else None)


def _ids(folder: Path) -> tuple[str, ...]:
    try:
        return Decision.load(folder).scheme.ids
    except GongbaoError:
        return ()


def _place(x: str | Path) -> Path:
    return Path(x).resolve() if is_file(x) else find_model(x).resolve()


def _is_tfidf(x: str | Path) -> bool:
    return not is_file(x) and models.check(find_model(x)) == "tfidf"
