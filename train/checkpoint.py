"""What training starts from: a checkpoint of a local folder or a model hub, opened with a head for the labels."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from train.config import Config

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
)
"""Any of these is enough for transformers to make a tokenizer of."""


def open_model(config: Config, scheme: Scheme, seed: int) -> PreTrainedModel:
    """Open the checkpoint, a folder or a hub name, with a head for the scheme's labels.

    Raises GongbaoError if it cannot be had, or if `init = "keep"` and its head is for other labels.
    """
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, set_seed
    from transformers.utils import logging as transformers_logging

    name = config.model.checkpoint
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with _from_hub(name):
        spec = AutoConfig.from_pretrained(name, trust_remote_code=False)
    fresh = config.model.init == "fresh-head"
    own = tuple(spec.id2label[i] for i in range(len(spec.id2label)))
    if not fresh and own != scheme.ids:
        raise GongbaoError(
            f"{name} answers other labels ({', '.join(own)}) than {scheme.signature}: "
            'set init = "fresh-head" in [model], or pass --init fresh-head'
        )
    spec.id2label = dict(enumerate(scheme.ids))
    spec.label2id = {label: index for index, label in enumerate(scheme.ids)}
    spec.problem_type = "multi_label_classification"
    set_seed(seed)
    with _from_hub(name):
        model, info = AutoModelForTokenClassification.from_pretrained(
            name,
            config=spec,
            dtype=torch.float32,
            attn_implementation=config.model.attn_implementation,
            ignore_mismatched_sizes=fresh,
            output_loading_info=True,
            trust_remote_code=False,
        )
    missing = [key for key in info["missing_keys"] if not key.startswith("classifier")]
    if missing:
        raise GongbaoError(f"{name}: {len(missing)} weights are missing from the checkpoint ({sorted(missing)[0]}, …)")
    if fresh:
        torch.nn.init.normal_(model.classifier.weight, std=0.02)
        torch.nn.init.zeros_(model.classifier.bias)
    elif info["missing_keys"]:
        raise GongbaoError(f'{name} has no head: set init = "fresh-head" in [model], or pass --init fresh-head')
    freeze(model, config.model.freeze_layers)
    if config.model.dropout is not None:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = config.model.dropout
    return model


def read_spec(name: str) -> Any:
    """Read a checkpoint's `config.json`, of a folder or a hub name."""
    from transformers import AutoConfig

    with _from_hub(name):
        return AutoConfig.from_pretrained(name, trust_remote_code=False)


def open_encoder(name: str, attention: str = "eager") -> PreTrainedModel:
    """Open a checkpoint, a folder or a hub name, as it is: with its token-classification head, or as a bare encoder.

    Computes in fp32; the numbers are those that half precision holds, so that saving in it loses nothing more. A
    pooler that the checkpoint lacks is left out. Raises GongbaoError if other weights are missing.
    """
    import torch
    from transformers import AutoModel, AutoModelForTokenClassification
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    spec = read_spec(name)
    with _from_hub(name):
        labelled = any("TokenClassification" in kind for kind in spec.architectures or [])
        model, info = (AutoModelForTokenClassification if labelled else AutoModel).from_pretrained(
            name,
            dtype=torch.float16,
            attn_implementation=attention,
            output_loading_info=True,
            trust_remote_code=False,
        )
    missing = sorted(info["missing_keys"])
    if missing and all(key.startswith("pooler.") for key in missing):
        model.pooler = None
    elif missing:
        raise GongbaoError(f"{name}: {len(missing)} weights are missing from the checkpoint ({missing[0]}, …)")
    return model.float().eval()


def freeze(model: PreTrainedModel, layers: int) -> None:
    """Keep the embeddings and the first `layers` layers as they are."""
    if not layers:
        return
    stack = layers_of(model)
    if layers > len(stack):
        raise GongbaoError(f"freeze_layers = {layers}: the checkpoint has {len(stack)} layers")
    for module in [model.base_model.embeddings, *stack[:layers]]:
        for parameter in module.parameters():
            parameter.requires_grad = False


def layers_of(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The encoder's layers, from the bottom; none for an architecture that keeps them elsewhere."""
    return list(getattr(getattr(model.base_model, "encoder", None), "layer", None) or [])


def rate_groups(model: PreTrainedModel, rate: float, weight_decay: float, layer_decay: float) -> list[dict[str, Any]]:
    """Optimizer groups: the head learns at `rate`, every layer at `layer_decay` times the rate of the one above it.

    The embeddings count as the layer below the first. Biases and the scales of LayerNorm, which have one dimension,
    are not decayed. With two layers and 0.5: head 1, second layer 0.5, first 0.25, embeddings 0.125 of the rate.
    """
    stack = layers_of(model)
    if not stack:
        raise GongbaoError(f"layer_decay: {type(model).__name__} keeps its layers where they are not looked for")
    depths = {id(p): len(stack) - n for n, layer in enumerate(stack) for p in layer.parameters()}
    depths |= {id(p): len(stack) + 1 for p in model.base_model.embeddings.parameters()}
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((depths.get(id(parameter), 0), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": group, "lr": rate * layer_decay**depth, "weight_decay": weight_decay if decayed else 0.0}
        for (depth, decayed), group in groups.items()
    ]


def save_tokenizer(checkpoint: str, folder: Path) -> None:
    """Put the checkpoint's tokenizer into the run: a folder's own files, or what transformers makes of a hub's."""
    if all((Path(checkpoint) / name).exists() for name in TOKENIZER_FILES):
        for name in TOKENIZER_FILES:
            shutil.copyfile(Path(checkpoint) / name, folder / name)
        return
    if Path(checkpoint).is_dir() and not any((Path(checkpoint) / name).exists() for name in VOCABULARIES):
        raise GongbaoError(f"{checkpoint}: no {TOKENIZER_FILES[0]} in it: not a checkpoint's folder")
    if not Path(checkpoint).exists():
        print(f"{checkpoint}: no folder of this name; asking the model hub", file=sys.stderr, flush=True)
    from transformers import AutoTokenizer
    from transformers.utils import cached_file

    with _from_hub(checkpoint):
        AutoTokenizer.from_pretrained(checkpoint, trust_remote_code=False).save_pretrained(folder)
        # What transformers makes of a tokenizer need not be what the checkpoint was trained with, to the last rule.
        own = cached_file(checkpoint, TOKENIZER_FILES[0], _raise_exceptions_for_missing_entries=False)
    if own:
        shutil.copyfile(own, folder / TOKENIZER_FILES[0])


class _from_hub:
    """Turns the many ways in which a checkpoint cannot be had into one line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        # The hub's client tells of every retry, for most of a minute, before the one line that matters.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if not isinstance(error, Exception) or isinstance(error, GongbaoError):
            return
        if Path(self.name).is_dir():
            raise GongbaoError(f"{self.name}: cannot load the checkpoint: {_reason(error)}") from error
        if isinstance(error, (ImportError, ValueError)) and not isinstance(error, OSError):
            raise GongbaoError(f"{self.name}: cannot open it: {_reason(error)}") from error
        raise GongbaoError(
            f"cannot get {self.name}: there is no such folder, and no model hub answers with it; connect to a hub, or "
            "set model.checkpoint to a local folder (data/encoder is the one that ships)"
        ) from error


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
