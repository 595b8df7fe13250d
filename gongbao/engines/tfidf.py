"""The baseline's engine: character n-grams weighted by TF-IDF, logistic regression; stored as JSON and safetensors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gongbao.decision import NO_EVIDENCE, Floats
from gongbao.errors import GongbaoError


@dataclass
class TfidfEngine:
    """A fitted vectorizer (scikit-learn's own) and one linear classifier a label: `coef` is `(labels, n-grams)`."""

    vectorizer: Any
    coef: Floats
    intercept: Floats

    @property
    def labels(self) -> int:
        return len(self.intercept)

    @property
    def identity(self) -> str:
        return "tfidf cpu"

    def prepare(self, paragraphs: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Paragraphs as they are: there is nothing to do before they are answered."""
        return paragraphs

    def answer(self, prepared: Sequence[Sequence[str]]) -> list[Floats]:
        return self.logits(prepared)

    def logits(self, paragraphs: Sequence[Sequence[str]]) -> list[Floats]:
        """Sentence logits `(sentences, labels)` of each paragraph; a sentence is read alone."""
        flat = [sentence for sentences in paragraphs for sentence in sentences]
        if not flat:
            return [np.zeros((0, self.labels)) for _ in paragraphs]
        features = self.vectorizer.transform(flat)
        rows = np.asarray(features @ self.coef.T + self.intercept, dtype=np.float64)
        rows[[not sentence.strip() for sentence in flat]] = NO_EVIDENCE
        ends = np.cumsum([len(sentences) for sentences in paragraphs])
        return list(np.split(rows, ends[:-1]))

    def unknown(self, sentences: Sequence[str]) -> tuple[int, int]:
        """N-grams that were never seen are passed over, so no piece counts as unknown."""
        return 0, sum(map(len, sentences))

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        grams = sorted(self.vectorizer.vocabulary_, key=self.vectorizer.vocabulary_.get)
        settings = {
            "analyzer": self.vectorizer.analyzer,
            "ngram_range": list(self.vectorizer.ngram_range),
            "sublinear_tf": self.vectorizer.sublinear_tf,
            "ngrams": grams,
        }
        (folder / "tfidf.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        arrays = {
            "idf": np.asarray(self.vectorizer.idf_, dtype=np.float32),
            "coef": np.ascontiguousarray(self.coef, dtype=np.float32),
            "intercept": np.asarray(self.intercept, dtype=np.float32),
        }
        save_file(arrays, folder / "tfidf.safetensors")

    @classmethod
    def load(cls, folder: Path) -> TfidfEngine:
        """Open a saved baseline; raises GongbaoError, in one line, where its files do not fit together."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from sklearn.feature_extraction.text import TfidfVectorizer

        try:
            settings = json.loads((folder / "tfidf.json").read_text(encoding="utf-8"))
            arrays = load_file(folder / "tfidf.safetensors")
            vectorizer = TfidfVectorizer(
                analyzer=settings["analyzer"],
                ngram_range=tuple(settings["ngram_range"]),
                sublinear_tf=settings["sublinear_tf"],
                lowercase=False,
                vocabulary={gram: index for index, gram in enumerate(settings["ngrams"])},
            )
            vectorizer.idf_ = arrays["idf"].astype(np.float64)
            coef, intercept = arrays["coef"].astype(np.float64), arrays["intercept"].astype(np.float64)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise GongbaoError(f"{folder}: cannot load the TF-IDF model: {error}") from error
        if coef.shape != (len(intercept), len(settings["ngrams"])):
            raise GongbaoError(f"{folder}: tfidf.json and tfidf.safetensors are not of one model")
        return cls(vectorizer, coef, intercept)
