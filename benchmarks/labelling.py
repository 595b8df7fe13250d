"""Labelling measured: tokens a second, the share of the peak, padding, and whether the answers are the same."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peak
from benchmarks.page import section, spread, table
from benchmarks.rivals import BATCHES, EAGER, EAGER_TOKENS, Rival, on_quiet, ratios
from gongbao.decision import Decision, Floats, paragraph_logits
from gongbao.examples import Example
from gongbao.labeler import CHUNK


def speeds(rivals: Sequence[Rival], eager: Rival, *notes: str) -> str:
    """Tokens and paragraphs a second, end to end."""
    rows = []
    for rival in rivals:
        a_token = len(rival.paragraphs) / rival.tokens
        rows.append(
            [
                rival.name,
                spread(rival.kept),
                spread([rate * a_token for rate in rival.kept], ",.1f"),
                spread(ratios(rival, eager), ".2f"),
                f"{len(rival.quiet)} of {len(rival.rates)}",
            ]
        )
    return section(
        "End to end",
        "From text to logits, tokenising included: what a second gives, and the ratio to sorted eager in the same "
        "round. Tokens are the text's own, without padding and specials.",
        table(["", "tokens/s", "paragraphs/s", f"ratio to {EAGER}", "quiet rounds"], rows),
        on_quiet(rivals),
        *notes,
    )


def notes_on_rivals(folder: Path, eager: Rival, piped: Sequence[Rival], saved: Sequence[Rival]) -> list[str]:
    """How each contender reads, and what the pipeline leaves out."""
    lengths, most = _piped_lengths(folder, piped[0].paragraphs)
    windows = Counter(number for batch in eager.engine.prepare(eager.paragraphs).batches for number, _ in batch.members)
    attention = getattr(eager.engine.model.config, "_attn_implementation", "unknown")
    return [
        "The pipelines (`token-classification`, no aggregation) read paragraphs whole and in file order, evenly "
        f"spaced: the first two {len(saved[0].paragraphs):,}, which name no `dtype` and so compute in the type that "
        f"the weights are saved in, the others {len(piped[0].paragraphs):,}. They cut a paragraph off after {most} "
        f"tokens: {sum(length > most for length in lengths)} of these.",
        f"Sorted eager is transformers' model as torch computes it ({attention} attention), on our windows of at most "
        f"{eager.engine.size} tokens, sorted over all paragraphs, at most {EAGER_TOKENS:,} tokens a batch. Our engines "
        f"read chunks of {CHUNK} paragraphs. Paragraphs of more than one window: "
        f"{sum(each > 1 for each in windows.values())}.",
    ]


def shares(rivals: Sequence[Rival], eager: Rival, peaks: Sequence[Mapping[Any, float]], config: Any) -> str:
    """Each fp32 contender's share of the peak of matrix multiplication, and the ratio that the peak would give."""
    lengths = [len(window) for batch in eager.engine.prepare(eager.paragraphs).batches for _, window in batch.members]
    width = peak.mean_width(lengths)
    flop = peak.flop_a_token(config, width)
    best = peak.best(peaks)

    def share(rival: Rival) -> list[float]:
        return [rate * flop / best for rate in rival.kept]

    products = [
        ["×".join(map(str, shape)), *(_giga([f[way, shape] for f in peaks if (way, shape) in f]) for way in peak.WAYS)]
        for shape in peak.SHAPES
    ]
    rows = [[rival.name, spread([100 * x for x in share(rival)], ".0f")] for rival in rivals if rival.fp32]
    return section(
        "Share of the peak",
        "What this machine multiplies in fp32, in GFLOP/s, measured in every round.",
        table(["shape", *peak.WAYS], products),
        f"A token costs {flop / 1e6:.1f} MFLOP (the layers' linears, and attention to {width:.0f} tokens); the share "
        f"is tokens/s times that, over the largest peak of the run, {best / 1e9:.0f} GFLOP/s.",
        table(["", "% of the peak"], rows),
        "The ratio to sorted eager that an engine would reach if it did nothing but multiply at the peak: "
        f"{spread([1 / x for x in share(eager)], '.2f')}.",
    )


def _giga(rates: Sequence[float]) -> str:
    return spread([rate / 1e9 for rate in rates]) if rates else "not here"


def padding(folder: Path, ours: Rival, eager: Rival, examples: Sequence[Example]) -> str:
    """The share of padding of our batches, of sorted eager's and of the pipeline's."""
    prepared = [
        ours.engine.prepare(ours.paragraphs[start : start + CHUNK]) for start in range(0, len(ours.paragraphs), CHUNK)
    ]
    lengths, most = _piped_lengths(folder, [example.text for example in examples])
    cut = [min(length, most) for length in lengths]
    batches = [cut[start : start + BATCHES[-1]] for start in range(0, len(cut), BATCHES[-1])]
    found = {
        f"our engines, chunks of {CHUNK} paragraphs": [each.padding for each in prepared],
        f"{EAGER}, all paragraphs": [eager.engine.prepare(eager.paragraphs).padding],
        f"pipeline, batches of {BATCHES[-1]}": [1 - sum(each) / (len(each) * max(each)) for each in batches],
    }
    rows = [[name, *(f"{100 * x:.1f}" for x in (statistics.mean(s), max(s)))] for name, s in found.items()]
    return section(
        "Padding",
        "The share of the tokens computed that are padding, in %: the mean over chunks or batches, and the worst one.",
        table(["", "mean", "worst"], rows),
    )


def _piped_lengths(folder: Path, texts: Sequence[str]) -> tuple[list[int], int]:
    """The tokens of whole texts as the pipeline reads them, before it cuts any off, and where it does."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [len(ids) for ids in tokenizer(list(texts))["input_ids"]], int(tokenizer.model_max_length)


def exactness(rivals: Sequence[Rival], eager: Rival, decision: Decision, gates: Mapping[str, Any]) -> str:
    """How far each engine's answers are from those of sorted eager, and what the gate found."""
    rows = []
    for rival in rivals:
        difference, changed, of = compare(rival.answers, eager.answers, decision)
        rows.append([rival.name, f"{difference:.1e}", f"{changed:,} of {of:,}"])
    return section(
        "Exactness",
        f"Against {EAGER} (fp32) on the same paragraphs: the largest difference of a probability, and how many "
        "decisions (paragraphs times labels) are others.",
        table(["", "largest difference", "decisions changed"], rows),
        *(_gate(precision, found) for precision, found in gates.items()),
    )


def _gate(precision: str, found: Any) -> str:
    if isinstance(found, str):
        return f"{precision} was not exported: {found}."
    falls = {label: before - after for label, (before, after) in found["f1"].items()}
    worst = max(falls, key=lambda label: falls[label])
    fall = f"the F1 of {worst} falls by {falls[worst]:.3f}, that of no other label by more"
    return (
        f"The gate of `gongbao export` let {precision} pass: on {found['paragraphs']} labelled paragraphs "
        f"{found['agreement']:.2%} of the decisions agree, and {fall if falls[worst] > 0 else 'no F1 falls'}."
    )


def compare(answers: Sequence[Floats], reference: Sequence[Floats], decision: Decision) -> tuple[float, int, int]:
    """The largest difference of a probability, the decisions that are others, and the decisions in all."""
    labels = len(decision.scheme)
    scores, exact = (decision.paragraph_scores(paragraph_logits(each, labels)) for each in (answers, reference))
    changed = decision.labels(scores) != decision.labels(exact)
    return float(np.abs(scores - exact).max()), int(changed.sum()), changed.size
