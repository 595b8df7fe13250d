"""Pages of HTML that stand alone: what their templates are filled with."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gongbao.labels import Scheme
from gongbao.templates import environment
from gongbao.writers.marks import Marks, palette

if TYPE_CHECKING:
    from jinja2 import Template

_FILES = Path(__file__).parent / "templates"
_DEEPEST = 6

REASONS = {
    "byline": "署名",
    "caption": "图注",
    "above-table": "表前文字",
    "comment": "批注",
    "contents": "目录",
    "date": "日期",
    "dateline": "电头",
    "deleted": "已删文字",
    "document-number": "文号",
    "empty-row": "空行",
    "footnote": "脚注",
    "formula": "公式",
    "hidden": "隐藏文字",
    "issuer": "落款",
    "jump": "转版",
    "letterhead": "版头",
    "licence": "版权",
    "markup": "标记",
    "navigation": "导航",
    "no-text": "无文字页",
    "note": "题注",
    "other-sheet": "其他工作表",
    "overprinted": "叠印",
    "page-number": "页码",
    "page-title": "网页标题",
    "placeholder": "占位文字",
    "rotated": "旋转文字",
    "ruby": "注音",
    "running-head": "书眉",
    "source": "来源",
    "speaker": "讲话人",
    "unmapped": "无法识读",
}
"""What the reasons for setting text aside are called on a page; another is shown as it is."""
FACTS = {"date": "日期", "number": "文号", "issuer": "发文机关", "source": "来源", "encoding": "编码"}
RUN = {"model": "模型", "decision": "判定规则", "policy": "判定策略", "gongbao": "gongbao", "date": "标注日期"}


@dataclass
class Tally:
    """How many paragraphs there are, with each label, with none, and with one to be looked at."""

    paragraphs: int = 0
    none: int = 0
    review: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.labels = Counter(self.labels)

    def add(self, row: Mapping[str, Any]) -> None:
        self.paragraphs += 1
        self.none += not row["labels"]
        self.review += bool(row["review"])
        self.labels.update(row["labels"])

    def merge(self, other: Tally) -> None:
        self.paragraphs += other.paragraphs
        self.none += other.none
        self.review += other.review
        self.labels += other.labels


class Sheets:
    """Fills the templates for one run."""

    def __init__(self, scheme: Scheme, run: Mapping[str, Any]) -> None:
        self._scheme = scheme
        self._run = [(RUN.get(key, key), value) for key, value in run.items() if value not in (None, "")]
        self._page, self._index = _template("page.html.jinja"), _template("index.html.jinja")
        self._style = f"{_text('reading.css')}{palette(len(scheme))}\n"
        self._script = _text("reading.js")

    def page(
        self,
        path: Path,
        about: Mapping[str, Any],
        held: Sequence[Sequence[Any]],
        names: Sequence[str] = (),
        page: int = 0,
        index: str | None = None,
    ) -> None:
        """Write a page of a document: `held` are rows, each with its words if it is a paragraph's."""
        marks = Marks(self._scheme)
        items = [self._paragraph(marks, *item) if len(item) > 1 else _aside(*item) for item in held]
        shown = [(FACTS[key], about[key]) for key in FACTS if about.get(key)]
        links = [relative(name) for name in names]
        self._write(
            path,
            self._page,
            f"{self._style}{marks.rules()}\n",
            about=about,
            tally=about["tally"],
            facts=shown,
            items=items,
            words=any(marks.words - {()}),
            links=links,
            page=page,
            index=index,
            ledger=about.get("ledger"),
        )

    def index(self, path: Path, name: str, rows: Iterable[Mapping[str, Any]], count: int, total: Tally) -> None:
        """Write the index of documents; `rows` are read as they are written."""
        self._write(path, self._index, self._style, name=name, rows=rows, count=count, tally=total)

    def _paragraph(self, marks: Marks, row: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
        labels, review = marks.places(row["labels"]), marks.places(row["review"])
        return {
            "id": row["id"],
            "number": row["number"],
            "document": row["document"],
            "level": min(2 + len(row["heading"]), _DEEPEST) if row["kind"] == "heading" else 0,
            "path": len(row["heading"]),
            "chips": [
                (place, label, place in labels, place in review, row["scores"][label.id])
                for place, label in enumerate(self._scheme)
                if place in labels or place in review
            ],
            "filter": [*(labels or ["n"]), *(["r"] if review else [])],
            "passages": list(marks.passages(row, words)),
        }

    def _counts(self, tally: Tally) -> list[tuple[int | str, int]]:
        return [(place, tally.labels[label]) for place, label in enumerate(self._scheme.ids)] + [("n", tally.none)]

    def _write(self, path: Path, template: Template, style: str, **values: Any) -> None:
        pieces: Iterator[str] = template.generate(
            scheme=self._scheme,
            run=self._run,
            style=style,
            script=self._script,
            reasons=REASONS,
            counts=self._counts,
            policy=policy(style, self._script),
            **values,
        )
        # In a draft folder, which is put in place as a whole.
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)


def _aside(row: Mapping[str, Any]) -> dict[str, Any]:
    reason = row["reason"]
    return {"reason": reason, "called": REASONS.get(reason, reason), "text": row["text"], "page": row["page"]}


def policy(style: str, script: str) -> str:
    """The content security policy of a page that runs this style and this script and loads nothing."""
    hashes = (b64encode(sha256(text.encode()).digest()).decode() for text in (style, script))
    return (
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src 'none'; base-uri 'none'; "
        "form-action 'none'"
    ).format(*hashes)


def relative(name: str) -> str:
    """A file's name as a part of a link."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="")


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _template(name: str) -> Template:
    opened = environment(_FILES)
    opened.filters["percent"] = lambda share: f"{100 * share:.0f}\u00a0%"
    return opened.get_template(name)
