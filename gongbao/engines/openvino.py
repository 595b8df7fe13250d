"""An exported model in OpenVINO, on the CPU: fp32, or by name bf16 or int8."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbao.engines.bert import BertEngine, Ids
from gongbao.engines.exported import Exported
from gongbao.engines.threads import available
from gongbao.errors import GongbaoError, not_imported
from gongbao.windows import Tokenizer

HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""What OpenVINO may compute in; left to itself it takes bf16 wherever the processor has it."""


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would report the import to its makers."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise not_imported("openvino", error) from error
    return openvino


class OpenvinoEngine(BertEngine):
    """One compiled model with as many streams as threads; a stream computes one batch with one thread."""

    def __init__(
        self,
        requests: Future[SimpleQueue[Any]],
        tokenizer: Tokenizer,
        labels: int,
        positions: int,
        context: str,
        precision: str = "fp32",
    ) -> None:
        super().__init__(tokenizer, labels, positions, context)
        self.precision = precision
        self._requests = requests

    @property
    def identity(self) -> str:
        return f"openvino {self.precision} cpu"

    def forward(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        requests = self._requests.result()
        request = requests.get()
        try:
            return _infer(request, ids, mask)
        finally:
            requests.put(request)


def open_requests(found: Exported, precision: str) -> SimpleQueue[Any]:
    """Compile an exported model; return as many requests as threads compute.

    Raises GongbaoError, in one line, if the file is damaged or the processor cannot compute so.
    """
    streams, file = available(), found.file(precision)
    found.check(precision)
    core = import_openvino().Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise GongbaoError("this processor does not compute in bf16: leave --precision out, or name int8")
    settings = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": streams,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,
    }
    try:
        model = core.compile_model(str(file), "CPU", settings)
    except RuntimeError as error:
        raise GongbaoError(f"{file} cannot be opened by OpenVINO: gongbao export it again") from error
    requests: SimpleQueue[Any] = SimpleQueue()
    for _ in range(streams):
        requests.put(model.create_infer_request())
    # OpenVINO's binding sets itself up at its first inference, holding Python's lock: two threads that come first at
    # once would wait for one another for ever.
    first = requests.get()
    _infer(first, np.zeros((1, 2), dtype=np.int64), np.ones((1, 2), dtype=np.int64))
    requests.put(first)
    return requests


def _infer(request: Any, ids: Ids, mask: Ids) -> NDArray[np.float32]:
    # The answer lies in the request's own memory, which the next batch takes.
    return np.array(request.infer({"input_ids": ids, "attention_mask": mask})[0], dtype=np.float32)
