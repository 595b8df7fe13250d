"""A cluster's answers: Ray Data hands chunks to workers that hold the model; what they answer goes into the journal.

The run itself is the local one: it finds every answer in the journal, and so writes the same rows. Chunks wait in
Parquet files beside the output, which the workers read; on a cluster of several machines that folder must be one that
all of them see. What is in the journal already is not asked again, so a run that was stopped goes on.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbao.answers import Answers
from gongbao.decision import Decision
from gongbao.documents import Paragraph, Sentence
from gongbao.engines.threads import available
from gongbao.errors import GongbaoError
from gongbao.journal import Journal
from gongbao.labeler import Labeler

CHUNKS = 16
"""Chunks in a file of questions."""


@dataclass(frozen=True)
class Worker:
    """How a worker opens its labeller: the model's folder and name, `Labeler.load`'s arguments.

    `identity` is what its answers depend on besides the text, under which the journal keeps them.
    """

    model: str
    name: str
    identity: str
    engine: str = "auto"
    device: str = "cpu"
    precision: str = "fp32"

    def open(self, rule: dict[str, Any]) -> Labeler:
        """Open it with a decision rule; raises GongbaoError if the model that lies there is another one."""
        opened = Labeler.load(self.model, self.device, self.engine, self.precision)
        if opened.name != self.name:
            raise GongbaoError(f"{self.model} holds {opened.name} on this worker, and the run's model is {self.name}")
        return Labeler(opened.engine, Decision.from_dict(rule, self.model), opened.name)


@dataclass(frozen=True)
class Cluster:
    """So many workers on the cluster of RAY_ADDRESS, or on one started here; questions wait in `folder`."""

    worker: Worker
    folder: Path
    workers: int | None = None
    progress: Callable[[int, int], None] = lambda done, asked: None
    """Called with the number of chunks that are answered, and that were asked."""

    @property
    def identity(self) -> str:
        """What the workers' answers depend on: on CPUs they are those of a local run, and mix with them."""
        return self.worker.identity

    def __call__(self, chunks: Iterator[list[Paragraph]], labeler: Labeler, journal: Journal, words: bool) -> int:
        """Have the chunks answered that the journal does not know, and return how many paragraphs they hold.

        Raises GongbaoError if the cluster cannot.
        """
        clear(self.folder)
        if self.folder.exists():
            raise GongbaoError(f"{self.folder} is there already: name another output, or remove it")
        self.folder.mkdir(parents=True)
        try:
            asked, paragraphs = _write_questions(self.folder, chunks, Answers(labeler, journal, self.identity), words)
            if asked:
                # Without the tuning set's scores, which are most of a rule and decide nothing here.
                rule = labeler.decision.to_dict() | {"tuning": {}}
                with _connected(self.workers) as workers:
                    told = (self.worker, rule, words)
                    for done, pairs in enumerate(_answers(self.folder, asked, workers, told), 1):
                        for question, answer in pairs:
                            journal.put(question, answer)
                        self.progress(done, asked)
            return paragraphs
        finally:
            clear(self.folder)


def _write_questions(folder: Path, chunks: Iterable[list[Paragraph]], answers: Answers, words: bool) -> tuple[int, int]:
    """Write the chunks that are not answered yet, so many to a file; return how many there are, and paragraphs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = total = 0
    waiting: list[str] = []

    def flush() -> None:
        if waiting:
            name = f"asked-{count:08d}.parquet"
            pq.write_table(pa.table({"chunk": pa.array(waiting, pa.string())}), folder / name, compression="zstd")
            waiting.clear()

    for paragraphs in chunks:
        if not paragraphs or answers.known(paragraphs, words):
            continue
        waiting.append(json.dumps([_packed(paragraph) for paragraph in paragraphs], ensure_ascii=False))
        count += 1
        total += len(paragraphs)
        if len(waiting) == CHUNKS:
            flush()
    flush()
    return count, total


def _packed(paragraph: Paragraph) -> list[list[Any]]:
    return [[sentence.text, sentence.start, sentence.end] for sentence in paragraph.sentences]


class _Kept:
    """Answers on their way back to the journal."""

    def __init__(self) -> None:
        self.found: list[tuple[bytes, bytes]] = []

    def get(self, question: bytes) -> bytes | None:
        return None

    def put(self, question: bytes, answer: bytes) -> None:
        self.found.append((question, answer))


class Answering:
    """Lives in a worker: opens the model once, then answers chunk after chunk as a local run would."""

    def __init__(self, worker: Worker, rule: dict[str, Any], words: bool) -> None:
        self._labeler = worker.open(rule)
        self._identity = worker.identity
        self._words = words

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        kept = _Kept()
        answers = Answers(self._labeler, kept, self._identity)
        for chunk in batch["chunk"]:
            paragraphs = [
                Paragraph(str(number), "", tuple(Sentence(text, start, end) for text, start, end in sentences))
                for number, sentences in enumerate(json.loads(chunk))
            ]
            predictions = answers.predict(answers.ask(paragraphs))
            if self._words:
                answers.words(paragraphs, predictions)
        return {"question": [question for question, _ in kept.found], "answer": [answer for _, answer in kept.found]}


def _answers(
    folder: Path, asked: int, workers: int, told: tuple[Worker, dict[str, Any], bool]
) -> Iterator[list[tuple[bytes, bytes]]]:
    """Yield each chunk's answers as they come, as (question, answer)."""
    import ray

    settings = ray.data.DataContext.get_current()
    settings.enable_progress_bars = False
    settings.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    gpu = told[0].device.split(":")[0] == "cuda"
    try:
        # A chunk a block: what one worker takes, and what is asked again if it is lost.
        chunks = ray.data.read_parquet(str(folder)).repartition(target_num_rows_per_block=1)
        answers = chunks.map_batches(
            Answering,
            fn_constructor_args=told,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=1 if gpu else None,
        )
        for batch in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
            found = zip(batch["question"].to_pylist(), batch["answer"].to_pylist(), strict=True)
            yield list(found)
    except ray.exceptions.RayError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise GongbaoError(f"the cluster failed: {reason}; the same command goes on from what is answered") from error


@contextmanager
def _connected(workers: int | None) -> Iterator[int]:
    """Join the cluster of RAY_ADDRESS, or start one here for as long as it is needed; yield the number of workers."""
    # Ray reports its use to its makers unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    address = os.environ.get("RAY_ADDRESS")
    if address:
        _check_answers(address)
    count = workers or available()
    # One more than the workers: reading the questions takes a place too.
    own: dict[str, Any] = {} if address else {"num_cpus": count + 1, "include_dashboard": False}
    try:
        ray.init(
            # Else Ray joins whatever cluster it finds on this machine.
            address=address or "local",
            runtime_env={"env_vars": {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}},
            log_to_driver=False,
            logging_level=logging.ERROR,
            **own,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the cluster at {address}" if address else "Ray"
        reason = str(error).strip().splitlines()[0]
        hint = "; if it wants a token, RAY_AUTH_MODE=token" if address else ""
        raise GongbaoError(f"{where} cannot be reached: {reason}{hint}") from error
    try:
        yield workers or (max(1, int(ray.cluster_resources().get("CPU", 2)) - 1) if address else count)
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise GongbaoError if nobody listens at `host:port`: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10):
            pass
    except OSError as error:
        raise GongbaoError(f"nothing answers at RAY_ADDRESS {address}: {error.strerror or error}") from error


def clear(folder: Path) -> None:
    """Remove a run's questions; a folder that holds anything else stays."""
    for file in folder.glob("asked-*.parquet"):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def folder_for(output: str | Path) -> Path:
    """Where the questions of a run wait that writes to this output first."""
    return Path(output).with_name(f"{Path(output).name}.asked")
