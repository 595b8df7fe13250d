"""What a command costs from its start to its end, in a process of its own: seconds, and memory at its peak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page import section, spread, table
from benchmarks.rivals import say

ROOT = Path(__file__).resolve().parent.parent
# A small process starts the command: what a process held before it became the command counts in the command's peak.
LAUNCH = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
ran = subprocess.run(sys.argv[2:], capture_output=True, text=True, timeout=float(sys.argv[1]))
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([ran.returncode, seconds, peak, ran.stderr]))
"""
START, RUN = 120.0, 7200.0
"""Seconds after which a command that labels one file, and one that labels many paragraphs, is taken to hang."""
UNIT = 1024**2 if sys.platform == "darwin" else 1024
"""What makes MB of the system's figure."""


@dataclass(frozen=True)
class Cost:
    """Wall seconds, and the most memory held, in MB."""

    seconds: float
    peak: float


def launch(limit: float, *command: str | Path) -> Cost:
    """Run Python with these arguments and return what it cost; raises RuntimeError if it fails or hangs."""
    words = [sys.executable, "-c", LAUNCH, str(limit), sys.executable, *map(str, command)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {ran.stderr.strip().splitlines()[-1]}")
    code, seconds, most, errors = json.loads(ran.stdout)
    if code:
        raise RuntimeError(f"{' '.join(map(str, command))}: {errors.strip()}")
    return Cost(seconds, most / UNIT)


def predict(limit: float, folder: Path, engine: str, *arguments: str | Path) -> Cost:
    """Run `gongbao predict` with a model folder and an engine."""
    how = ("--model", folder, "--engine", engine, "--device", "cpu")
    return launch(limit, "-m", "gongbao", "predict", *arguments, *how)


def cold_starts(folder: Path, engines: Sequence[str], file: Path, turns: int) -> str:
    """Label one short file with each engine, in turn, each time in a new process."""
    found: Mapping[str, list[Cost]] = {engine: [] for engine in engines}
    for turn in range(turns):
        for engine in engines:
            found[engine].append(predict(START, folder, engine, file))
            say(f"start {turn + 1} of {turns}: {engine}, {found[engine][-1].seconds:.2f} s")
    rows = [
        [engine, spread([cost.seconds for cost in costs], ".2f"), spread([cost.peak for cost in costs])]
        for engine, costs in found.items()
    ]
    return section(
        "Cold start",
        f"Seconds from the start to the end of `gongbao predict` on one short file (`data/samples/{file.name}`), "
        f"{turns} new processes each, in turn; the files were in the system's cache.",
        table(["", "seconds", "peak memory, MB"], rows),
    )


def write_short(path: Path, sentences: Sequence[str], count: int) -> None:
    """Write so many short paragraphs as .jsonl: sentences over and over, each with its number, so that none repeats."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, count + 1):
            sentence = sentences[number % len(sentences)]
            text = f"{sentence[:-1]}（{number}）{sentence[-1]}"
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")


def by_size(
    folder: Path, engine: str, sentences: Sequence[str], sizes: Mapping[str, Sequence[int]], not_run: int | None
) -> str:
    """Label files of so many short paragraphs, .jsonl to .jsonl, with constant answers and with an engine."""
    rows = []
    for kind, counts in sizes.items():
        name = engine if kind == "model" else "constant answers"
        last = None
        for count in counts:
            cost = _labelled(folder, engine if kind == "model" else None, sentences, count)
            each, further = 1000 * cost.seconds / count, ""
            if last:
                further = f"{1000 * (cost.seconds - last[1]) / (count - last[0]):.2f}"
            rows.append([name, f"{count:,}", f"{cost.seconds:.1f}", f"{each:.2f}", further, f"{cost.peak:,.0f}"])
            last = count, cost.seconds
    return section(
        "Memory and time by size",
        "`gongbao predict` on short paragraphs, .jsonl to .jsonl, in a process of its own, with an engine of constant "
        f"answers (reading, tokenising and writing are left) and with {engine}, the fastest exact engine here; the "
        "time of each further paragraph is that over the row before, so that the start does not count.",
        table(["", "paragraphs", "seconds", "ms a paragraph", "ms each further one", "peak memory, MB"], rows),
        f"{not_run:,} paragraphs with {engine} were not run: `ARGS=--long` does." if not_run else "",
    )


def _labelled(folder: Path, engine: str | None, sentences: Sequence[str], count: int) -> Cost:
    """Label so many short paragraphs and return what it cost; raises RuntimeError if a row is missing."""
    source, output = folder.parent / "short.jsonl", folder.parent / "labelled.jsonl"
    write_short(source, sentences, count)
    say(f"labelling {count:,} short paragraphs with {engine or 'constant answers'}")
    if engine:
        cost = predict(RUN, folder, engine, source, "-o", output)
    else:
        cost = launch(RUN, ROOT / "benchmarks" / "constant.py", folder, source, output)
    with output.open(encoding="utf-8") as file:
        rows = sum(1 for _ in file)
    if rows != count:
        raise RuntimeError(f"{count:,} paragraphs gave {rows:,} rows")
    output.unlink()
    say(f"{cost.seconds:.1f} s, {cost.peak:,.0f} MB")
    return cost
