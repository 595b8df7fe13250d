"""A model in 8 bits: weights and activations, with ranges that are set on text beforehand."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from gongbao import models
from gongbao.decision import Decision
from gongbao.engines import exported, installed, open_engine
from gongbao.errors import GongbaoError, not_installed
from gongbao.examples import Example, read_examples

CALIBRATED = 300
"""Windows that int8's ranges are set on."""


def quantize(folder: Path, found: exported.Exported, examples: Sequence[Example], file: Path) -> None:
    """Write the int8 model: weights and activations in 8 bits, static ranges, SmoothQuant (Xiao et al., 2022)."""
    if not installed("nncf"):
        raise not_installed("nncf")
    from gongbao.engines.bert import BertEngine
    from gongbao.engines.openvino import import_openvino

    # Its telemetry stays out too.
    os.environ.setdefault("NNCF_CI", "1")
    openvino = import_openvino()
    logging.getLogger("nncf").setLevel(logging.ERROR)
    import nncf

    engine = open_engine(folder, "cpu", models.context(folder), "openvino", known=found)
    assert isinstance(engine, BertEngine)
    step = max(1, len(examples) // CALIBRATED)
    texts = [[sentence.text for sentence in example.sentences] for example in examples[::step]][:CALIBRATED]
    batches = [batch for text in texts for batch in engine.prepare([text]).batches]
    data = [{"input_ids": batch.ids, "attention_mask": batch.mask} for batch in batches]
    if not data:
        raise GongbaoError("the examples to set int8's ranges on hold no text")
    # NNCF draws its progress wherever it runs.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        made = nncf.quantize(
            openvino.Core().read_model(str(found.file("fp32"))),
            nncf.Dataset(data),
            subset_size=len(data),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
        )
    openvino.save_model(made, file)


def divide(
    examples: Sequence[Example], check: Path, calibrate: str | Path | None, decision: Decision
) -> tuple[Sequence[Example], Sequence[Example]]:
    """The examples that int8's ranges are set on, and those of `check` that judge it: never the same documents."""
    if calibrate and os.path.realpath(calibrate) != os.path.realpath(check):
        return read_examples(calibrate, decision.scheme), examples
    kept = set(sorted({example.document for example in examples})[::2])
    return [e for e in examples if e.document in kept], [e for e in examples if e.document not in kept]
