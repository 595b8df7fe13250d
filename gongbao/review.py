"""Paragraphs to a person and back: tasks for Label Studio and doccano, and what those two export, as examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence
from gongbao.files import check_new, draft
from gongbao.labels import Scheme, nearest
from gongbao.rows import kind_of, parse_json, parse_row

FIELD = "labels"
"""What the choices are called in Label Studio, whose interface `interface` writes."""
KEPT = ("id", "document", "heading", "model", "decision")
_NAME = "paragraph"
"""Where a task says which paragraph it is: both tools number what they import, and take `id` for that."""


@contextmanager
def write_tasks(path: str | Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes a labelled row as a task: `.json` for Label Studio, `.jsonl` for doccano.

    The model's labels come along to be corrected: as a prediction there, as the labels here. The file appears when the
    block ends well.
    """
    path = check_tasks(path, force=True)
    suffix = path.suffix.lower()
    with draft(path) as file:
        count = 0

        def write(row: dict[str, Any]) -> None:
            nonlocal count
            if suffix == ".jsonl":
                file.write(json.dumps(_doccano(row), ensure_ascii=False) + "\n")
            else:
                file.write(("[\n" if not count else ",\n") + json.dumps(_label_studio(row), ensure_ascii=False))
            count += 1

        yield write
        if suffix == ".json":
            file.write("\n]\n" if count else "[]\n")


def check_tasks(path: str | Path, force: bool = False) -> Path:
    """Return where tasks go; raises GongbaoError if the suffix says for neither tool, or the file is there already."""
    path = Path(path)
    if path.suffix.lower() not in (".json", ".jsonl"):
        raise GongbaoError(f"{path}: tasks are written as .json (Label Studio) or .jsonl (doccano)")
    check_new(path, force)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def interface(scheme: Scheme) -> str:
    """The labelling interface for Label Studio's settings: the text, and a choice of several labels or none."""
    from xml.sax.saxutils import quoteattr

    choices = "\n".join(
        f"    <Choice value={quoteattr(label.id)} hint={quoteattr(f'{label.zh}: {label.definition}')}/>"
        for label in scheme
    )
    opening = f'  <Choices name="{FIELD}" toName="text" choice="multiple" required="false">'
    shown = '  <Header value="$heading"/>\n  <Text name="text" value="$text"/>'
    return f"<View>\n{shown}\n{opening}\n{choices}\n  </Choices>\n</View>\n"


def read_corrected(path: str | Path, scheme: Scheme) -> list[Example]:
    """Read what a person corrected as labelled examples: an export of Label Studio (JSON, JSON-MIN) or doccano (JSONL).

    A task that nobody completed, or that was skipped, is left out. Where several people labelled a paragraph, the last
    answer counts. Raises GongbaoError, saying which task, for a label of another scheme, a missing text, an id that
    stands twice.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GongbaoError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeError as error:
        raise GongbaoError(f"{path}: not UTF-8") from error
    examples: dict[str, Example] = {}
    when: dict[str, str] = {}
    for where, row in _rows(text, path):
        try:
            example = _example(row, scheme)
        except GongbaoError as error:
            raise GongbaoError(f"{path}:{where}: {error}") from error
        if example is None:
            continue
        updated = str(row.get("updated_at") or row.get("created_at") or "")
        if example.id in examples and "annotation_id" not in row:
            raise GongbaoError(f"{path}:{where}: id {example.id!r} stands twice")
        if example.id not in examples or updated >= when[example.id]:
            examples[example.id], when[example.id] = example, updated
    if not examples:
        raise GongbaoError(f"{path}: no paragraph in it that a person completed")
    return list(examples.values())


def _label_studio(row: dict[str, Any]) -> dict[str, Any]:
    result = {"from_name": FIELD, "to_name": "text", "type": "choices", "value": {"choices": row["labels"]}}
    doubtful = [row["scores"][label] for label in row["review"]]
    kept = _kept(row)
    return {
        "data": {"text": row["text"], _NAME: kept.pop("id"), **kept, "review": "; ".join(row["review"])},
        "predictions": [
            {
                "model_version": row["model"],
                # Label Studio sorts by it: the nearest to 0.5 is the most doubtful.
                "score": round(1 - 2 * min((abs(score - 0.5) for score in doubtful), default=0.5), 4),
                "result": [result] if row["labels"] else [],
            }
        ],
    }


def _doccano(row: dict[str, Any]) -> dict[str, Any]:
    kept = _kept(row)
    return {"text": row["text"], "label": row["labels"], _NAME: kept.pop("id"), **kept}


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {key: " > ".join(row[key]) if key == "heading" else row[key] for key in KEPT}


def _rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the tasks of an export with a number to name each: its place in a list, its line in JSON lines."""
    if text.lstrip().startswith("["):
        try:
            rows = parse_json(text)
        except GongbaoError as error:
            raise GongbaoError(f"{path}: {error}") from error
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise GongbaoError(f"{path}:{number}: a task is an object, not {kind_of(row)}")
            yield number, row
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, parse_row(line)
            except GongbaoError as error:
                raise GongbaoError(f"{path}:{number}: {error}") from error


def _example(row: dict[str, Any], scheme: Scheme) -> Example | None:
    data = row["data"] if isinstance(row.get("data"), dict) else row
    labels, source = _answer(row)
    if labels is None:
        return None
    text = data.get("text")
    if not isinstance(text, str) or not text.strip():
        raise GongbaoError("`text` is missing")
    name = data.get(_NAME, data.get("id"))
    if not isinstance(name, (str, int)) or isinstance(name, bool) or name == "":
        raise GongbaoError(f"`{_NAME}` or `id` is missing: it says which paragraph this is")
    for label in labels:
        if label not in scheme.ids:
            raise GongbaoError(f"{label!r} is no label of {scheme.signature}{nearest(label, scheme.ids)}")
    from gongbao.sentences import split_sentences

    sentences = tuple(LabelledSentence(sentence.text, ()) for sentence in split_sentences(text))
    document, heading = data.get("document"), data.get("heading")
    return Example(
        id=str(name),
        document=str(document) if document else str(name),
        sentences=sentences,
        labels=tuple(label for label in scheme.ids if label in labels),
        by_sentence=False,
        heading=tuple(heading.split(" > ")) if isinstance(heading, str) and heading else (),
        source=source,
    )


def _answer(row: dict[str, Any]) -> tuple[list[str] | None, str]:
    """The labels that a person gave, None for a task that nobody completed; and who, for the example's `source`."""
    if isinstance(row.get("annotations"), list):
        done = [one for one in row["annotations"] if isinstance(one, dict) and not one.get("was_cancelled")]
        if not done:
            return None, ""
        last = max(done, key=lambda one: str(one.get("updated_at") or one.get("created_at") or ""))
        who = last.get("completed_by")
        who = who.get("email") or who.get("id") if isinstance(who, dict) else who
        given = last.get("result") or []
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise GongbaoError("`result`: a list of answers is wanted")
        chosen: list[str] = []
        for one in given:
            # Other questions may stand beside ours.
            if one.get("type") == "choices" and one.get("from_name", FIELD) == FIELD:
                value = one.get("value")
                chosen += _texts(value.get("choices") if isinstance(value, dict) else value, "choices")
        return chosen, f"label-studio:{who}" if who is not None else "label-studio"
    if "annotation_id" in row or "annotator" in row:
        given = row.get(FIELD, [])
        given = given.get("choices", []) if isinstance(given, dict) else [given] if isinstance(given, str) else given
        return list(_texts(given, FIELD)), f"label-studio:{row.get('annotator', '')}".rstrip(":")
    if "label" in row:
        return list(_texts(row["label"], "label")), "doccano"
    raise GongbaoError("neither a task of Label Studio (`annotations`) nor one of doccano (`label`)")


def _texts(value: Any, key: str) -> Sequence[str]:
    if not isinstance(value, Iterable) or isinstance(value, (str, dict)) or not all(isinstance(v, str) for v in value):
        raise GongbaoError(f"`{key}`: a list of labels is wanted, not {kind_of(value)}")
    return list(value)
