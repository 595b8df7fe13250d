"""How often intervals of a label's share hold the true one, in simulation: `python benchmarks/coverage_shares.py`.

Archives of 300 documents of about 10 paragraphs, whose true share differs from document to document, as do the errors
of the model; some documents are labelled. Printed for the raw share, prediction-powered inference (PPI) and
Rogan-Gladen (RG): coverage, and the mean width of the interval. True is the share of the process that wrote the
archive; `own` is PPI's coverage of the archive's own share, which the interval is not narrowed for.
Exits with 1 if PPI covers less than 0.93 where its assumption holds. `REPETITIONS` is the only argument.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval.corrections import Estimate, Sums, add_up, prediction_powered, raw, rogan_gladen

PARAGRAPHS = 10
LONGER = 0.3


@dataclass(frozen=True)
class Case:
    """A simulated archive: `alike` and `errors_alike` are the correlations within a document."""

    name: str
    share: float = 0.25
    sensitivity: float = 0.85
    specificity: float = 0.97
    documents: int = 300
    labelled: int = 50
    alike: float = 0.15
    errors_alike: float = 0.05
    by_document: bool = True
    characters: bool = False


CASES = (
    Case("sens .85, spec .97"),
    Case("40 documents labelled", labelled=40),
    Case("60 documents labelled", labelled=60),
    Case("errors differ between documents", errors_alike=0.3),
    Case("rare label", share=0.06),
    Case("very rare label", share=0.02),
    Case("common label", share=0.6),
    Case("weak model: sens .5, spec .95", sensitivity=0.5, specificity=0.95),
    Case("good model: sens .97, spec .99", sensitivity=0.97, specificity=0.99),
    Case("500 paragraphs labelled, not documents", by_document=False),
    Case("shares of characters", characters=True),
    Case("a group: 50 documents, 10 labelled", documents=50, labelled=10),
    Case("a group: 30 documents, 5 labelled", documents=30, labelled=5),
)


def simulate(case: Case, generator: np.random.Generator) -> tuple[Sums, float]:
    """An archive's sums, and its own true share."""
    size = 3 + generator.poisson(PARAGRAPHS - 3, case.documents)
    document = np.repeat(np.arange(case.documents), size)
    share = _vary(case.share, case.alike, case.documents, generator)[document]
    hits = _vary(case.sensitivity, case.errors_alike, case.documents, generator)[document]
    right = _vary(case.specificity, case.errors_alike, case.documents, generator)[document]
    truth = generator.random(len(document)) < share
    answer = np.where(truth, generator.random(len(document)) < hits, generator.random(len(document)) > right)
    weight = np.ones(len(document))
    if case.characters:
        weight = np.ceil(generator.lognormal(4.6 + LONGER * truth, 0.6))
    if case.by_document:
        labelled = np.isin(document, generator.choice(case.documents, case.labelled, replace=False))
    else:
        labelled = np.zeros(len(document), dtype=np.bool_)
        labelled[generator.choice(len(document), case.labelled * PARAGRAPHS, replace=False)] = True
    everywhere = np.ones(len(document), dtype=np.bool_)
    sums = add_up(document, weight, answer[:, None], labelled, truth[:, None], everywhere)
    return sums, float(weight @ truth / weight.sum())


def pooled(share: float, sensitivity: float, generator: np.random.Generator) -> tuple[Sums, float]:
    """A group of 30 documents corrected with 50 of 300 others, whose share is .25 and whose sensitivity is .85."""
    group, _ = simulate(Case("", share=share, sensitivity=sensitivity, documents=30, labelled=2), generator)
    others, _ = simulate(Case(""), generator)
    nothing = np.zeros_like(others.size)
    parts = [
        np.concatenate([group.size, nothing]),
        np.concatenate([group.answered, nothing]),
        *(
            np.concatenate([getattr(group, name), getattr(others, name)])
            for name in ("count", "labelled", "truth", "guess", "both")
        ),
    ]
    return Sums(*parts), np.nan


def _vary(mean: float, alike: float, documents: int, generator: np.random.Generator) -> np.ndarray:
    """Probabilities about a mean, one a document, so that two rows of a document correlate by `alike`."""
    spread = (1 - alike) / alike
    return generator.beta(mean * spread, (1 - mean) * spread, documents)


def main(repetitions: int = 500) -> int:
    begun = time.perf_counter()
    print(f"{repetitions} repetitions   coverage (mean width)")
    print(f"{'':40}{'raw':>15}{'PPI':>15}{'RG':>15}{'own':>7}")
    failed = False
    for case in CASES:
        longer = np.exp(LONGER) if case.characters else 1.0
        true = case.share * longer / (case.share * longer + 1 - case.share)
        generator = np.random.default_rng(1)
        draws = [simulate(case, generator) for _ in range(repetitions)]
        failed |= _show(case.name, draws, true) < 0.93
    print("pooled error rates: a group of share .45 (raw and RG count)")
    for name, sensitivity in (("the same errors in the group", 0.85), ("sens .7 in the group", 0.7)):
        generator = np.random.default_rng(1)
        _show(name, [pooled(0.45, sensitivity, generator) for _ in range(repetitions)], 0.45)
    print(f"{time.perf_counter() - begun:.0f} s")
    return int(failed)


def _show(name: str, draws: list[tuple[Sums, float]], true: float) -> float:
    cells, covered, own = [], [], 0.0
    for method in (raw, prediction_powered, rogan_gladen):
        found = [method(sums) for sums, _ in draws]
        covered.append(float(np.mean([_holds(estimate, true) for estimate in found])))
        width = np.nanmean([estimate.high - estimate.low for estimate in found])
        cells.append(f"{covered[-1]:.3f} ({width:.3f})")
        if method is prediction_powered:
            own = float(np.mean([_holds(e, share) for e, (_, share) in zip(found, draws, strict=True)]))
    last = "" if np.isnan(draws[0][1]) else f"{own:7.3f}"
    print(f"{name:40}" + "".join(f"{cell:>15}" for cell in cells) + last, flush=True)
    return covered[1]


def _holds(estimate: Estimate, share: float) -> bool:
    return bool(estimate.low[0] <= share <= estimate.high[0])


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
