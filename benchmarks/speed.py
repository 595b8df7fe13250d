"""How fast it labels, starts and trains, as ratios in one run on this machine: `make bench`, or run this file.

Writes `benchmarks/results.md`. `--quick` tries it out on few paragraphs; `--long` also labels 100,000 short paragraphs
with the model. On two cores it takes three quarters of an hour, `--long` some twenty minutes more. Contenders take
turns in rounds, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# In place of this folder, whose files are not to be taken for packages of their names.
sys.path[0] = str(ROOT)

CHECK = ROOT / "data" / "dev.jsonl"
SHORT = ROOT / "data" / "samples" / "opinion.txt"
CONFIG = ROOT / "configs" / "embedded.toml"
LONG = 100_000


@dataclass(frozen=True)
class Sizes:
    """How much each part reads.

    `saved` are the paragraphs of the pipeline in the type that it takes by itself, `check` the labelled ones of the
    gate (None: all), `runs` and `constant` those of the runs by size.
    """

    paragraphs: int = 2000
    rounds: int = 5
    pipeline: int = 300
    saved: int = 32
    check: int | None = None
    wide: int = 100
    wide_rounds: int = 3
    starts: int = 5
    steps: int = 12
    runs: tuple[int, ...] = (1_000, 10_000)
    constant: tuple[int, ...] = (1_000, 10_000, LONG)


QUICK = Sizes(
    paragraphs=60,
    rounds=2,
    pipeline=12,
    saved=2,
    check=240,
    wide=8,
    wide_rounds=2,
    starts=2,
    steps=3,
    runs=(100, 600),
    constant=(100, 600, 2_000),
)


def main() -> int:
    from benchmarks.page import machine, section
    from benchmarks.rivals import say
    from gongbao.errors import GongbaoError
    from gongbao.files import write_text

    given, sizes = _arguments()
    begun = time.perf_counter()
    about = machine()
    # A config names its files from here.
    text, output = given.text.resolve(), given.output.resolve()
    os.chdir(ROOT)
    try:
        with tempfile.TemporaryDirectory() as place:
            read, sections = _measure(text, sizes, Path(place), given.long)
    except GongbaoError as error:
        say(f"error: {error}")
        return 2
    minutes = (time.perf_counter() - begun) / 60
    options = [f"--{name}" for name in ("quick", "long") if getattr(given, name)]
    options += [f"--{name} {getattr(given, name)}" for name in ("paragraphs", "rounds") if getattr(given, name)]
    command = f'make bench ARGS="{" ".join(options)}"' if options else "make bench"
    page = [
        "# Speed",
        f"Written by `{command}` in {minutes:.0f} minutes. Figures are medians over rounds, with the least and the "
        "largest in brackets; in a round every contender runs once, in turn, on the CPU.",
        section("Machine and text", "\n".join(f"- {name}: {value}" for name, value in [*about, *read])),
        *sections,
    ]
    write_text(output, "\n\n".join(page) + "\n")
    say(f"written: {output}")
    return 0


def _arguments() -> tuple[argparse.Namespace, Sizes]:
    parser = argparse.ArgumentParser(description="Measure speed; writes benchmarks/results.md.")
    parser.add_argument("--paragraphs", type=int, metavar="N", help="paragraphs to label (default 2,000)")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds (default 5)")
    parser.add_argument("--text", type=Path, default=ROOT / "data" / "train.jsonl", help="labelled examples (.jsonl)")
    parser.add_argument("--quick", action="store_true", help="few paragraphs, two rounds: to try it out")
    parser.add_argument("--long", action="store_true", help="also label 100,000 short paragraphs with the model")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "benchmarks" / "results.md", help="what to write")
    given = parser.parse_args()
    sizes = QUICK if given.quick else Sizes()
    asked = {name: getattr(given, name) for name in ("paragraphs", "rounds") if getattr(given, name) is not None}
    if min(asked.values(), default=1) < 1:
        parser.error("at least one paragraph and one round are wanted")
    return given, replace(sizes, **asked, runs=(*sizes.runs, *([LONG] if given.long else [])))


def _measure(text: Path, sizes: Sizes, place: Path, long: bool) -> tuple[list[tuple[str, str]], list[str]]:
    """Measure part by part in a temporary folder; return what was read, and the sections of the page."""
    from benchmarks import processes, training, wide
    from benchmarks.rivals import sample
    from gongbao import models
    from gongbao.decision import Decision
    from gongbao.examples import read_examples

    folder = place / "encoder"
    shutil.copytree(models.shipped(), folder, ignore=shutil.ignore_patterns("exported"))
    examples = read_examples(text, Decision.load(folder).scheme)
    gates = _export(folder, sizes.check)
    read, sections, rates = _compete(folder, sample(examples, sizes.paragraphs), gates, sizes)
    # The engines and their memory are gone before other processes are measured.
    gc.collect()
    sections.append(processes.cold_starts(folder, list(rates), SHORT, sizes.starts))
    fastest = max(rates, key=lambda name: rates[name])
    short = [example.sentences[0].text for example in examples if example.sentences]
    counts = {"constant": sizes.constant, "model": sizes.runs}
    sections.append(processes.by_size(folder, fastest, short, counts, None if long else LONG))
    sections.append(training.steps(CONFIG, sizes.steps))
    gc.collect()
    sections.append(wide.compete(folder, place / "wide", sample(examples, sizes.wide), sizes.wide_rounds))
    return [("text", f"{text.name}, {read}"), ("rounds", str(sizes.rounds))], sections


def _export(folder: Path, check: int | None) -> dict[str, Any]:
    """Export the model in every precision; return the gate's figures, or what it said where it refused."""
    from benchmarks.rivals import sample, say
    from gongbao.decision import Decision
    from gongbao.errors import GongbaoError
    from gongbao.examples import read_examples, write_examples
    from gongbao.export import export

    examples = CHECK
    if check:
        examples = folder.parent / CHECK.name
        write_examples(sample(read_examples(CHECK, Decision.load(folder).scheme), check), examples)
    say("exporting the model")
    export(folder)
    gates: dict[str, Any] = {}
    for precision in ("bf16", "int8"):
        say(f"exporting the model in {precision}")
        try:
            gates[precision] = export(folder, precision, examples).found
        except GongbaoError as error:
            gates[precision] = str(error)
            say(f"{precision}: {error}")
    return gates


def _compete(
    folder: Path, examples: Sequence[Any], gates: Mapping[str, Any], sizes: Sizes
) -> tuple[str, list[str], dict[str, float]]:
    """Let all that label take turns; return what they read, the sections, and each exact engine's tokens a second."""
    from benchmarks import labelling, peak
    from benchmarks.rivals import exact_rivals, our_rival, pipelines, sample, say, take_turns
    from gongbao.decision import Decision
    from gongbao.files import read_json

    say("opening the contenders")
    eager, *exact = exact_rivals(folder, examples)
    passed = [precision for precision, found in gates.items() if not isinstance(found, str)]
    ours = [*exact, *(our_rival(folder, "openvino", eager, precision) for precision in passed)]
    piped = pipelines(folder, sample(examples, sizes.pipeline))
    saved = pipelines(folder, sample(examples, sizes.saved), None)
    rivals = [*saved, *piped, eager, *ours]
    peaks = take_turns(rivals, sizes.rounds, peak.measure)
    sections = [
        labelling.speeds(rivals, eager, *labelling.notes_on_rivals(folder, eager, piped, saved)),
        labelling.shares(rivals, eager, peaks, read_json(folder / "config.json")),
        labelling.padding(folder, ours[0], eager, examples),
        labelling.exactness(ours, eager, Decision.load(folder), gates),
    ]
    rates = {rival.name: statistics.median(rival.kept) for rival in exact}
    return f"{len(examples):,} paragraphs, {eager.tokens:,} tokens", sections, rates


if __name__ == "__main__":
    sys.exit(main())
