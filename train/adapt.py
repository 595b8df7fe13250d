"""Adapting an encoder to an archive by masked-language-model training on plain text. `python -m train.adapt`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from pydantic import Field

from gongbao.errors import GongbaoError
from gongbao.files import whole
from gongbao.windows import WINDOW, Tokenizer
from train.budget import Budget
from train.command import one_line
from train.config import Table, Text, check_table, check_trainer, read_toml
from train.corpus import read_documents
from train.masked import SCORES, make_trainer
from train.pack import Ids, Mask, pack

if TYPE_CHECKING:
    from transformers import PreTrainedModel, Trainer

WINDOWS = "windows.safetensors"
BUDGETS = ("num_train_epochs", "max_steps", "lr_scheduler_type", "warmup_steps")
"""Trainer fields that the budget decides."""


class PlainText(Table):
    """Plain text; `held_out` of its documents are never trained on; with `most_tokens` reading stops after so many."""

    text: list[Text] = Field(min_length=1)
    held_out: float = Field(0.02, gt=0, lt=0.5)
    most_tokens: int | None = Field(None, ge=1000)


class Encoder(Table):
    checkpoint: str = "data/encoder"
    attn_implementation: str = "eager"
    windows_per_batch: int = Field(12, ge=1)


class Adapt(Table):
    """A run of adapting. The learning rate rises and falls over the budget, whatever that is."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    data: PlainText
    model: Encoder = Encoder()
    mask: Mask = Mask()
    budget: Budget
    trainer: dict[str, Any] = Field(default_factory=dict)

    @property
    def reads(self) -> list[str]:
        """None: the windows are kept."""
        return []


def read_adapt(path: str | Path, overrides: Sequence[str] = ()) -> Adapt:
    """Read a config; raises GongbaoError, in one line, as `train.config.read_config` does."""
    data = read_toml(path, overrides)
    chosen = [name for name in ("minutes", "tokens") if any(each.startswith(f"budget.{name}=") for each in overrides)]
    if len(chosen) == 1 and isinstance(data.get("budget"), dict):
        # The budget that is asked for takes the place of the file's, which may be of the other kind.
        data["budget"].pop("tokens" if chosen == ["minutes"] else "minutes", None)
    config = check_table(Adapt, data, str(path))
    check_trainer(config.trainer, str(path))
    for name in BUDGETS:
        if name in config.trainer:
            raise GongbaoError(f"{path}: trainer.{name} is not yours to set: the budget decides it")
    if config.trainer.get("label_smoothing_factor"):
        raise GongbaoError(f"{path}: trainer.label_smoothing_factor: masked pieces have no labels to smooth")
    return config


def adapt(config: Adapt, resume: bool = False) -> tuple[Path, list[dict[str, float]]]:
    """Adapt a checkpoint (Gururangan et al., Don't stop pretraining, 2020); return its folder and held-out losses.

    What comes out is a checkpoint like the one that went in, its labelling head with it if it had one, but without a
    decision rule: train on labels from there. Losses are nats a masked piece, on the same held-out windows and masks
    each time; the first is the starting weights'. Raises GongbaoError for what the user can mend.
    """
    from train.checkpoint import save_tokenizer
    from train.folder import alone, begin, place, say, unfinished
    from train.resume import last_checkpoint, stoppable

    alone("adapting")
    started = datetime.now(UTC)
    partial = unfinished(config, started, resume)
    with stoppable(partial):
        begin(config, partial, started)
        save_tokenizer(config.model.checkpoint, partial)
        train, apart = _pack(config, partial)
        say(f"{config.name}: {train.size:,} tokens to train on, {apart.size:,} held out, in {partial}")
        if config.data.most_tokens:
            say(f"data.most_tokens = {config.data.most_tokens:,}: what the text holds beyond that is not read")
        checkpoint = last_checkpoint(partial) if resume else None
        trainer = make_trainer(config, train, apart, partial, checkpoint)
        _train(trainer, partial, checkpoint)
        scores = _finish(config, trainer, train, started, partial)
        return place(partial), scores


def _pack(config: Adapt, partial: Path) -> tuple[Ids, Ids]:
    """The windows, packed once and kept: a run that resumes reads the same, whatever became of the text."""
    from safetensors.numpy import load_file, save_file

    saved = partial / WINDOWS
    if not saved.exists():
        from train.checkpoint import read_spec
        from train.record import seed_of

        spec = read_spec(config.model.checkpoint)
        size = min(WINDOW, int(getattr(spec, "max_position_embeddings", WINDOW)))
        seed = seed_of(config.trainer)
        data = config.data
        train, apart = pack(read_documents(data.text), Tokenizer(partial), size, data.held_out, data.most_tokens, seed)
        with whole(saved) as draft:
            save_file({"train": train, "held_out": apart}, draft)
    arrays = load_file(saved)
    return arrays["train"], arrays["held_out"]


def _train(trainer: Trainer, partial: Path, checkpoint: str | None) -> None:
    if checkpoint is None:
        (partial / SCORES).unlink(missing_ok=True)
        trainer.evaluate()
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.evaluate()


def _finish(config: Adapt, trainer: Trainer, train: Ids, started: datetime, partial: Path) -> list[dict[str, float]]:
    import torch

    from train.checkpoint import TOKENIZER_FILES
    from train.folder import times
    from train.record import provenance

    final = partial / "final"
    shutil.rmtree(final, ignore_errors=True)
    encoder: PreTrainedModel = trainer.model.encoder
    encoder.to("cpu").to(torch.float16).save_pretrained(final)
    for name in TOKENIZER_FILES:
        shutil.copyfile(partial / name, final / name)
    scores: list[dict[str, float]] = json.loads((partial / SCORES).read_text(encoding="utf-8"))
    losses = [row for row in trainer.state.log_history if "loss" in row]
    record = {
        "kind": "encoder",
        "tokens": scores[-1]["tokens"],
        "epochs": round(scores[-1]["tokens"] / train.size, 3),
        "held_out": scores,
        "losses": [{"step": row["step"], "loss": row["loss"]} for row in losses],
        **provenance(config, times(partial, started)),
        "files": sorted([*(path.name for path in final.iterdir()), "record.json", "README.md"]),
    }
    (final / "README.md").write_text(card(record), encoding="utf-8")
    (final / "record.json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return scores


def card(record: dict[str, Any]) -> str:
    """The model card of an adapted encoder, in Markdown."""
    config = record["config"]
    rows = "".join(f"| {row['tokens']:,} | {row['loss']:.4f} |\n" for row in record["held_out"])
    files = ", ".join(f"`{Path(text['file']).name}`" for text in config["data"]["text"])
    return (
        f"# {config['name']}, {record['finished'][:10]}\n\n"
        f"`{Path(config['model']['checkpoint']).name}`, adapted to {files} by masked-language-model training "
        f"({record['tokens']:,} tokens, {record['epochs']:g} epochs, {record['seconds']:.0f} seconds). It labels "
        "nothing until it is trained on labels: name this folder in `model.checkpoint`.\n\n"
        f"| tokens | held-out loss (nats a masked piece) |\n|---:|---:|\n{rows}"
    )


def main(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The run's TOML file.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this config.")
    ] = False,
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="table.key=value; may be repeated.")] = None,  # noqa: UP045
) -> None:
    """Adapt an encoder to an archive of plain text."""
    with one_line():
        folder, scores = adapt(read_adapt(config, set_ or []), resume)
    print(f"held-out loss {scores[0]['loss']:.4f} -> {scores[-1]['loss']:.4f}", file=sys.stderr)
    print(folder)


if __name__ == "__main__":
    typer.run(main)
