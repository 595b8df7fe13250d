"""transformers' TrainingArguments: a config's `[trainer]` over this project's defaults."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError


def training_arguments(trainer: Mapping[str, Any], folder: Path) -> Any:
    """Make TrainingArguments for a run in `folder`: a GPU where there is one, bf16 where the processor has it."""
    import torch
    from transformers import TrainingArguments

    gpu = torch.accelerator.is_available() and not trainer.get("use_cpu", False)
    defaults = {
        "use_cpu": not gpu,
        "per_device_train_batch_size": 1,
        "bf16": bf16(trainer),
        "eval_strategy": "epoch",
        "save_strategy": "steps",
        "save_steps": 50,
        "save_total_limit": 2,
        "logging_steps": 20,
        "report_to": "none",
        "remove_unused_columns": False,
        "disable_tqdm": not sys.stderr.isatty(),
        "dataloader_pin_memory": gpu,
        # Every weight of the usual encoders has a part in the loss; to look for others costs time and a warning.
        "ddp_find_unused_parameters": False,
    }
    try:
        return TrainingArguments(output_dir=str(folder), **(defaults | dict(trainer)))
    except (TypeError, ValueError, ImportError, RuntimeError) as error:
        raise GongbaoError(f"trainer: {str(error).splitlines()[0]}") from error


def bf16(trainer: Mapping[str, Any]) -> bool:
    """Whether a run computes in bf16: as its config says, else where the processor has it."""
    import torch

    if "bf16" in trainer or trainer.get("fp16", False):
        return bool(trainer.get("bf16", False))
    if torch.accelerator.is_available() and not trainer.get("use_cpu", False):
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
