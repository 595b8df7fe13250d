"""An exported model in onnxruntime, on the CPU, fp32."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbao.engines.bert import BertEngine, Ids
from gongbao.engines.threads import available
from gongbao.errors import GongbaoError
from gongbao.windows import Tokenizer


class OnnxEngine(BertEngine):
    """One session, asked by several threads at once, each of which computes alone."""

    def __init__(self, session: Future[Any], tokenizer: Tokenizer, labels: int, positions: int, context: str) -> None:
        super().__init__(tokenizer, labels, positions, context)
        self._session = session

    @property
    def identity(self) -> str:
        return "onnx fp32 cpu"

    @property
    def threads(self) -> int:
        return available()

    def forward(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        return np.asarray(self._session.result().run(None, {"input_ids": ids, "attention_mask": mask})[0])


def open_session(file: Path) -> Any:
    """Open an exported model; raises GongbaoError, in one line, if it is damaged."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises nothing more precise
        reason = " ".join(str(error).split())[:200]
        raise GongbaoError(f"{file}: cannot be opened ({reason}): export again") from error
