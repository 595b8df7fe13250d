"""A model exported to ONNX for the engines that need no torch, and checked with the precisions that are not exact."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gongbao import __version__, models
from gongbao.decision import Decision
from gongbao.engines import check_precision, exported, installed, open_engine, present
from gongbao.errors import GongbaoError, not_installed
from gongbao.examples import Example, read_examples
from gongbao.files import BUSY, draft_folder, write_text
from gongbao.gate import LEAST, gate, scores_of
from gongbao.labeler import model_name
from gongbao.quantize import divide, quantize

OPSET = 20
EXACT = 1e-4
"""The largest difference of a probability that an exact engine may show against torch."""
SAMPLE = (
    ["全会强调，坚持把科技自立自强作为战略支撑，布局建设三家省实验室。", "会议应到委员六十八人。"],
    ["推进产业链、供应链协同，培育先进制造业集群；", "完成干流岸线修复，淘汰落后锅炉400台。"] * 5,
    ["深化“放管服”改革，营造市场化、法治化、国际化营商环境。" * 12],
    ["会议闭幕。"],
)
"""What a new export is compared on: short, long, and longer than a window."""


@dataclass(frozen=True)
class Export:
    """Where an export lies, its precision, and what was found of it: `difference`s, or the gate's figures."""

    folder: Path
    precision: str
    found: dict[str, Any]


def export(
    model: str | Path | None = None,
    precision: str = "fp32",
    check: str | Path | None = None,
    calibrate: str | Path | None = None,
    device: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Export:
    """Export a model, into its own folder or, where that is read-only, the user's cache; say where.

    fp32 must answer as torch does, within 1e-4 of every probability. Any other precision labels the examples of
    `check` beside the exact engine, and is published only if no label's F1 falls by more than 0.02 and 99.5 % of the
    decisions agree; what was found is kept with it. int8 sets its ranges on `calibrate`, without its labels; if that is
    not given, on every other document of `check`, and the rest judge. `device` is torch's name of one, for bf16 and
    fp16 on a GPU. Raises GongbaoError if the gate refuses, a package is missing or the model cannot be exported.
    """
    folder = models.find(model)
    if models.check(folder) != "torch":
        raise GongbaoError(f"{folder} is no BERT: only those are exported")
    check_precision(precision)
    if precision != exported.EXACT and check is None:
        raise GongbaoError(f"{precision} is not exact: name labelled examples to check it on (--check FILE)")
    weights = exported.weights_hash(folder)
    found = exported.find(folder, weights)
    if found is None or precision == exported.EXACT:
        target = _target(folder, weights)
        say(f"exporting {model_name(folder)} to {target}")
        found = _export_fp32(folder, target, weights, found)
    if precision == exported.EXACT:
        return Export(found.folder, precision, found.precisions[precision])
    figures = _checked(folder, found, precision, Path(str(check)), calibrate, device, say)
    _write_record(found.folder, weights, found.precisions | {precision: figures})
    return Export(found.folder, precision, figures)


def _target(folder: Path, weights: str) -> Path:
    """The model's own folder if it can be written to, else the user's cache."""
    own, cached = exported.places(folder, weights)
    for place in (own, cached):
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError:
            continue
    raise GongbaoError(f"neither {own} nor {cached} can be written to: set XDG_CACHE_HOME to a folder that can")


def _export_fp32(folder: Path, target: Path, weights: str, before: exported.Exported | None) -> exported.Exported:
    """Write `model.onnx`, once it has answered as torch does; what `before` knows of other precisions stays."""
    needed = [name for name in ("onnx", "onnxscript") if not installed(name)]
    engines = [name for name in ("openvino", "onnx") if present(name)]
    if needed or not engines:
        raise not_installed(", ".join(needed) or "openvino")
    context, decision = models.context(folder), Decision.load(folder)
    with _draft(target) as place:
        reference = scores_of(open_engine(folder, "cpu", context, "torch"), decision, SAMPLE)
        trial = exported.Exported(place, {exported.EXACT: {}})
        _write_onnx(folder, trial.file(exported.EXACT))
        differences = {}
        for name in engines:
            scores = scores_of(open_engine(folder, "cpu", context, name, known=trial), decision, SAMPLE)
            differences[name] = float(np.abs(scores - reference).max())
            if not differences[name] < EXACT:
                raise GongbaoError(
                    f"{name} answers otherwise than torch, by {differences[name]:.2g} of a probability: not published"
                )
        found = {"difference": differences, "files": _placed(place, target)}
    kept = before.precisions if before and before.folder == target else {}
    made = exported.Exported(target, kept | {exported.EXACT: found})
    _write_record(made.folder, weights, made.precisions)
    return made


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Give a folder in the target to write to, which is gone at the end; and the target too, if nothing is in it.

    Raises GongbaoError if another export is writing there; what a killed one left is removed.
    """
    place = target / ".draft"
    try:
        with draft_folder(place, BUSY.format(target)):
            yield place
    finally:
        with suppress(OSError):
            target.rmdir()


def _placed(place: Path, target: Path) -> dict[str, Any]:
    """Put files in their place and return what they are known by; an engine looks for the .xml, which comes last."""
    known = {}
    for file in sorted(place.iterdir()):
        state = file.stat()
        known[file.name] = {"sha256": exported.file_hash(file), "state": [state.st_size, state.st_mtime_ns]}
        os.replace(file, target / file.name)
    return known


def _write_onnx(folder: Path, file: Path) -> None:
    import logging
    import warnings

    import torch

    from gongbao.engines.torch import load_bert

    class Logits(torch.nn.Module):
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits  # type: ignore[no-any-return]

    model = load_bert(folder, "cpu").eval()
    # The plain products of attention: what the engines know best, and the opset that most of them read.
    model.set_attn_implementation("eager")
    example = torch.ones(2, 16, dtype=torch.long)
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            program = torch.onnx.export(
                Logits(model),
                (example, example.clone()),
                dynamo=True,
                dynamic_shapes={"input_ids": free, "attention_mask": free},
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                opset_version=OPSET,
                verbose=False,
            )
            assert program is not None
            program.save(str(file), external_data=False)
    except Exception as error:  # torch.onnx raises its own kinds of many
        raise GongbaoError(f"{folder}: cannot be exported: {' '.join(str(error).split())[:200]}") from error
    finally:
        logger.setLevel(level)


def _checked(
    folder: Path,
    found: exported.Exported,
    precision: str,
    check: Path,
    calibrate: str | Path | None,
    device: str | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Make what a precision computes from, and pass it through the gate; return the gate's figures."""
    decision = Decision.load(folder)
    examples: Sequence[Example] = read_examples(check, decision.scheme)
    engine, where = _engine_for(precision, device)
    context = models.context(folder)
    known = {"engine": engine, "device": where, "file": check.name, "sha256": exported.file_hash(check)}
    with _draft(found.folder) as place:
        trial = exported.Exported(found.folder, found.precisions | {precision: known})
        if precision == "int8":
            ranges, examples = divide(examples, check, calibrate, decision)
            if not ranges:
                raise GongbaoError(f"{check}: too few documents to set int8's ranges on: --calibrate FILE")
            say(f"setting int8's ranges on {len(ranges)} paragraphs")
            trial = exported.Exported(place, trial.precisions)
            quantize(folder, found, ranges, trial.file(precision))
        if len(examples) < LEAST:
            raise GongbaoError(f"{check}: {len(examples)} paragraphs to judge by, and {LEAST} are the least")
        say(f"labelling {len(examples)} paragraphs with fp32 and with {precision}")
        exact = open_engine(folder, where, context, "auto" if where == "cpu" else "torch", known=found)
        fast = open_engine(folder, where, context, engine, precision, trial)
        figures = gate(exact, fast, decision, examples)
        files = _placed(place, found.folder) if precision == "int8" else {}
    return known | figures | {"files": files}


def _engine_for(precision: str, device: str | None) -> tuple[str, str]:
    """Which engine computes a precision, and on what."""
    device = (device or "cpu").split(":")[0]
    if device != "cpu":
        if precision == "int8":
            raise GongbaoError("int8 is for CPUs: leave --device out")
        return "torch", device
    if precision == "fp16":
        raise GongbaoError("fp16 is for GPUs: name one (--device cuda), or take bf16")
    if not present("openvino"):
        raise not_installed("openvino")
    return "openvino", "cpu"


def _write_record(folder: Path, weights: str, precisions: dict[str, Any]) -> None:
    record = {"weights": weights, "gongbao": __version__, "precisions": precisions}
    write_text(folder / exported.RECORD, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
