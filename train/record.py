"""What a run leaves beside its weights: the record and the model card."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from gongbao import __version__
from gongbao.decision import Decision
from gongbao.examples import Example, hash_examples
from train.config import Config
from train.folder import processes

DEFAULT_SEED = 42
"""The seed of TrainingArguments where the config names none."""
PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "scikit-learn", "scipy", "numpy")


def seed_of(trainer: Mapping[str, Any]) -> int:
    """The seed of a run, by its `[trainer]` table."""
    return int(trainer.get("seed", DEFAULT_SEED))


class Recorded(Protocol):
    """A config of any kind of run, as far as its record is concerned."""

    trainer: dict[str, Any]

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def make_record(
    config: Config,
    train: Sequence[Example],
    dev: Sequence[Example],
    decision: Decision,
    scores: Sequence[dict[str, float]],
    times: Mapping[str, Any],
    files: Sequence[str],
    unlabelled: int = 0,
    mean_of: Sequence[str] = (),
) -> dict[str, Any]:
    """Describe a run: what made it, from which data, where, how long, with which dev scores and files.

    `times` are those of `train.folder.times`.
    """
    return {
        "kind": config.kind,
        "context": config.model.context,
        "scheme": decision.scheme.signature,
        "decision": decision.id,
        "data": {
            "train": {"files": config.data.train, "paragraphs": len(train), "sha256": hash_examples(train)},
            "unlabelled": {"files": [text.file for text in config.unlabelled.text], "paragraphs": unlabelled},
            "dev": {"files": [config.data.dev], "paragraphs": len(dev), "sha256": hash_examples(dev)},
        },
        "dev_scores": list(scores),
        "mean_of": list(mean_of),
        **provenance(config, times),
        "files": sorted([*files, "record.json", "README.md"]),
    }


def provenance(config: Recorded, times: Mapping[str, Any]) -> dict[str, Any]:
    """What every record holds: the config, when and how long, the code, the packages and the machine."""
    return {
        "gongbao": __version__,
        "config": config.model_dump(mode="json"),
        "seed": seed_of(config.trainer),
        **times,
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": machine(),
    }


def commit() -> str | None:
    """Return the commit of the checkout, with `+` where files differ from it; None outside git."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10)
        state = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("+" if state.stdout.strip() else "")


def machine() -> dict[str, Any]:
    """Describe the machine that numbers depend on."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "processes": processes(),
    }


def write(folder: Path, record: dict[str, Any]) -> None:
    """Write `record.json` and the model card `README.md` into a run folder."""
    (folder / "README.md").write_text(card(record), encoding="utf-8")
    (folder / "record.json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def card(record: dict[str, Any]) -> str:
    """The model card of a run, in Markdown."""
    config, data = record["config"], record["data"]
    if student := config.get("student"):
        layers = ", ".join(map(str, student["layers"]))
        origin = f"Layers {layers} of `{Path(student['teacher']).name}`, taught to answer like it."
    elif record["mean_of"]:
        origin = f"The mean of the weights of {', '.join(record['mean_of'])}."
    elif record["kind"] == "bert":
        origin = f"Fine-tuned from `{Path(config['model']['checkpoint']).name}`, read in its {record['context']}."
    else:
        origin = "Character n-grams weighted by TF-IDF, one logistic regression a label: a baseline."
    runs = record["mean_of"]
    spent = "as the records of those runs say" if runs else f"seed {record['seed']}, {record['seconds']:.0f} seconds"
    unlabelled = data.get("unlabelled", {}).get("paragraphs")
    more = f" and {unlabelled:,} without labels, which teachers answered for" if unlabelled else ""
    rows = "".join(f"| {row['epoch']:.3g} | {row['macro_f1']:.4f} |\n" for row in record["dev_scores"])
    scores = f"| epoch | dev macro-F1 (best single threshold) |\n|---|---|\n{rows}\n" if rows else ""
    return (
        f"# {config['name']}, {record['finished'][:10]}\n\n"
        f"{origin} It labels the sentences and paragraphs of Chinese communiqués by `{record['scheme']}`.\n\n"
        f"- Trained on {data['train']['paragraphs']:,} paragraphs (sha256 `{data['train']['sha256'][:12]}`){more}; "
        f"{spent}.\n"
        f"- Decision rule `{record['decision']}`, set on {data['dev']['paragraphs']:,} paragraphs "
        f"(sha256 `{data['dev']['sha256'][:12]}`).\n"
        f"- gongbao {record['gongbao']}, torch {record['versions']['torch']}, "
        f"transformers {record['versions']['transformers']}.\n\n"
        f"{scores}"
        "Limits: labels follow one codebook; judge the model on text of your own. `record.json` holds the rest.\n"
    )
