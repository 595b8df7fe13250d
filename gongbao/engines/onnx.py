"""An exported model in onnxruntime, on the CPU, fp32."""

from __future__ import annotations

import os
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbao.engines.bert import BertEngine, Ids
from gongbao.engines.exported import EXACT, Exported
from gongbao.errors import GongbaoError, not_imported
from gongbao.windows import Tokenizer


class OnnxEngine(BertEngine):
    """One session, asked by several threads at once, each of which computes alone."""

    def __init__(self, session: Future[Any], tokenizer: Tokenizer, labels: int, positions: int, context: str) -> None:
        super().__init__(tokenizer, labels, positions, context)
        self._session = session

    @property
    def identity(self) -> str:
        return "onnx fp32 cpu"

    def forward(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        return np.asarray(self._session.result().run(None, {"input_ids": ids, "attention_mask": mask})[0])


def open_session(found: Exported) -> Any:
    """Open an exported model; raises GongbaoError, in one line, if it is damaged."""
    # It reports its use to its makers unless it is told not to before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise not_imported("onnxruntime", error) from error
    file = found.file(EXACT)
    found.check(EXACT)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises nothing more precise
        raise GongbaoError(f"{file} cannot be opened by onnxruntime: gongbao export it again") from error
