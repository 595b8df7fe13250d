"""The default engine: the BERT of a model folder in torch, on a GPU where there is one, else on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gongbao.engines.bert import BertEngine, Ids
from gongbao.engines.prepack import prepack
from gongbao.errors import GongbaoError
from gongbao.windows import WINDOW, Tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

GPU_TOKENS = 16_384
"""The most tokens in a batch on a GPU; more keep it no busier, and pad more."""
SHARE = 0.5
"""The share of a GPU's free memory that a batch may take."""


class TorchEngine(BertEngine):
    """A `BertForTokenClassification` (or any token classifier) and its tokenizer.

    `precision` is `fp32`, or `bf16` or `fp16` by autocast. Numbers of fp32 are exact: on a GPU too, torch's TF32 stays
    off. On a CPU the linear layers of fp32 are laid out anew for oneDNN (`prepack`).
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: Tokenizer, context: str = "paragraph", precision: str = "fp32"
    ) -> None:
        self.model = model.eval()
        positions = int(getattr(model.config, "max_position_embeddings", WINDOW))
        super().__init__(tokenizer, int(model.config.num_labels), positions, context)
        self.precision = precision
        if self.on_cpu:
            if precision == "fp32":
                prepack(self.model)
        else:
            self.tokens = gpu_tokens(model.config, _free_memory(model.device))

    @property
    def on_cpu(self) -> bool:
        return bool(self.model.device.type == "cpu")

    @property
    def identity(self) -> str:
        return f"torch {self.precision} {self.model.device}"

    @property
    def threads(self) -> int:
        import torch

        return torch.get_num_threads() if self.on_cpu else 1

    @classmethod
    def load(
        cls, folder: Path, device: str | None = None, context: str = "paragraph", precision: str = "fp32"
    ) -> TorchEngine:
        """Open a model folder; raises GongbaoError, in one line, where files do not fit together."""
        tokenizer = Tokenizer(folder)
        model = load_bert(folder, device)
        tokenizer.check_fits(model.config.vocab_size, folder)
        return cls(model, tokenizer, context, precision)

    def forward(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """Compute a batch; where a GPU's memory is short, in halves, and the next batches are made smaller too."""
        import torch

        device = self.model.device
        try:
            with torch.inference_mode(), self._autocast():
                output = self.model(
                    input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
                )
            return np.asarray(output.logits.float().cpu().numpy())
        except torch.OutOfMemoryError as error:
            if len(ids) == 1:
                raise GongbaoError(f"{device} has no memory for one window of {ids.shape[1]} pieces") from error
        torch.cuda.empty_cache()
        self.tokens = max(self.size, self.tokens // 2)
        half = (len(ids) + 1) // 2
        return np.concatenate([self.forward(ids[:half], mask[:half]), self.forward(ids[half:], mask[half:])])

    def _compute(self, batches: Any) -> Iterator[NDArray[np.float32]]:
        with _threads_kept():
            yield from super()._compute(batches)

    def _begin_thread(self) -> None:
        import torch

        torch.set_num_threads(1)

    def _autocast(self) -> Any:
        import torch

        kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision)
        return torch.autocast(self.model.device.type, kind, enabled=kind is not None)


def load_bert(folder: Path, device: str | None = None) -> PreTrainedModel:
    """Open a model folder's token classifier in fp32; raises GongbaoError, in one line, where files do not fit."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForTokenClassification
    from transformers.utils import logging

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    check_device(device)
    logging.disable_progress_bar()
    try:
        model, info = AutoModelForTokenClassification.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        model.to(device)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GongbaoError(f"{folder}: cannot load the model: {reason}") from error
    # transformers fills what is missing with random numbers and passes over what is too much; such a model would
    # answer, and mean nothing.
    if missing := sorted(info["missing_keys"]):
        raise GongbaoError(f"{folder}: {len(missing)} weights are missing from model.safetensors ({missing[0]}, …)")
    if unused := sorted(info["unexpected_keys"]):
        raise GongbaoError(f"{folder}: config.json has no place for {len(unused)} of the weights ({unused[0]}, …)")
    return model


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Leave the number of torch's threads as it was: a thread that sets its own also sets the default of new ones."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def gpu_tokens(config: Any, free: int) -> int:
    """How many tokens a batch may have on a GPU with so many bytes free: a power of two.

    A token takes about 12 vectors of the model's width and two of its feed-forward layers', in fp32.

    >>> from types import SimpleNamespace
    >>> gpu_tokens(SimpleNamespace(hidden_size=768, intermediate_size=3072), 256 << 20)
    2048
    """
    width = int(getattr(config, "hidden_size", 1024))
    inner = int(getattr(config, "intermediate_size", 4 * width))
    room = int(SHARE * free) // (4 * (12 * width + 2 * inner))
    return max(WINDOW, min(GPU_TOKENS, 1 << max(0, room.bit_length() - 1)))


def _free_memory(device: torch.device) -> int:
    import torch

    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else 1 << 30


def check_device(name: str) -> None:
    """Raise GongbaoError if torch cannot compute on a device of this name here."""
    import torch

    try:
        if torch.device(name).type == "meta":
            raise RuntimeError("it computes nothing")
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise GongbaoError(f"device {name!r} is not available here; try cpu, or leave --device out") from error
