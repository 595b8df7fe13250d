"""The label scheme: which labels exist, what they are called, in which order, under which version."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError

NONE = "none"
"""How tables write a paragraph without a label; in data it is an empty list, so no label may be called so."""

_ID = re.compile(r"[^\s;,|\x00-\x1f]+")


@dataclass(frozen=True)
class Label:
    """One label: its id in data, its Chinese and English names, and what it covers."""

    id: str
    zh: str
    en: str
    definition: str


@dataclass(frozen=True)
class Scheme:
    """An ordered set of labels under a name and a version; the order is that of a model's outputs.

    >>> POLICY_DOMAINS.signature
    'policy-domains/1'
    >>> POLICY_DOMAINS.ids[:2]
    ('innovation', 'industry')
    """

    name: str
    version: str
    codebook: str
    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        if not self.labels:
            raise GongbaoError(f"label scheme {self.name!r} has no labels: add at least one [[label]] table")
        seen: set[str] = set()
        for label in self.labels:
            if not _ID.fullmatch(label.id) or label.id == NONE:
                raise GongbaoError(
                    f"label scheme {self.name!r}: {label.id!r} cannot be a label id "
                    f"(no spaces, commas, semicolons or bars, and not {NONE!r})"
                )
            if label.id in seen:
                raise GongbaoError(f"label scheme {self.name!r} names {label.id!r} twice")
            seen.add(label.id)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(label.id for label in self.labels)

    @property
    def signature(self) -> str:
        return f"{self.name}/{self.version}"

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def check(self, ids: Iterable[str]) -> list[str]:
        """Return `ids` in the scheme's order, each once.

        Raises GongbaoError naming the first unknown id and the nearest known one.

        >>> POLICY_DOMAINS.check(["talent", "green", "talent"])
        ['green', 'talent']
        """
        wanted = list(ids)
        for label in wanted:
            if label not in self.ids:
                raise GongbaoError(f"unknown label {label!r}{nearest(label, self.ids)}")
        return [label for label in self.ids if label in wanted]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "codebook": self.codebook,
            "labels": [asdict(label) for label in self.labels],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "label scheme") -> Scheme:
        """Build a scheme from the mapping that `to_dict` makes or a TOML file holds (`label` or `labels`)."""
        known = {"name", "version", "codebook", "label", "labels"}
        for key in data:
            if key not in known:
                raise GongbaoError(f"{where}: unknown key {key!r}{nearest(key, known)}")
        if not isinstance(data.get("name"), str) or not data["name"]:
            raise GongbaoError(f'{where}: `name` is missing; write name = "my-codebook"')
        rows = data.get("labels", data.get("label"))
        if not isinstance(rows, list):
            raise GongbaoError(f"{where}: no labels; add a [[label]] table for each, with an id")
        labels = []
        for row in rows:
            if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
                raise GongbaoError(f"{where}: each [[label]] needs an id")
            for key in row:
                if key not in ("id", "zh", "en", "definition"):
                    raise GongbaoError(f"{where}: unknown key {key!r}{nearest(key, ('id', 'zh', 'en', 'definition'))}")
            labels.append(
                Label(
                    row["id"],
                    str(row.get("zh", row["id"])),
                    str(row.get("en", row["id"])),
                    str(row.get("definition", "")),
                )
            )
        try:
            return cls(data["name"], str(data.get("version", "1")), str(data.get("codebook", "")), tuple(labels))
        except GongbaoError as error:
            raise GongbaoError(f"{where}: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Scheme:
        """Read a scheme of the user's own from a TOML file."""
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise GongbaoError(f"cannot read the label scheme {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise GongbaoError(f"{path}: not a TOML file: {error}") from error
        return cls.from_dict(data, str(path))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (nearest: 'x')` for the closest known word, or the list of known words where none is close.

    >>> nearest("inovation", POLICY_DOMAINS.ids)
    " (nearest: 'innovation')"
    """
    choices = sorted(known)
    close = get_close_matches(word, choices, n=1)
    return f" (nearest: {close[0]!r})" if close else f" (known: {', '.join(choices)})"


POLICY_DOMAINS = Scheme(
    name="policy-domains",
    version="1",
    codebook="1.3",
    labels=(
        Label(
            "innovation",
            "科技创新",
            "Science and innovation",
            "Research and development, core technologies, laboratories and platforms, transfer of results, "
            "firms as innovators, science finance.",
        ),
        Label(
            "industry",
            "产业发展",
            "Industry",
            "Manufacturing, chains and clusters, emerging and traditional industries, services, digital economy, "
            "agriculture and grain as production.",
        ),
        Label(
            "green",
            "绿色低碳",
            "Green development",
            "Ecology, pollution control, carbon neutrality, energy saving, clean energy, circular economy, "
            "rivers, forests and reserves.",
        ),
        Label(
            "reform",
            "改革开放",
            "Reform and opening-up",
            "Institutional reform, markets for production factors, state-owned and private enterprise policy, "
            "business environment, foreign trade and investment.",
        ),
        Label(
            "region",
            "区域协调",
            "Regional coordination",
            "Regional strategies, a province's spatial layout, cooperation between regions, urbanisation, "
            "city and countryside, links between regions.",
        ),
        Label(
            "talent",
            "人才",
            "Talent",
            "Attracting, training, evaluating and keeping scientists, engineers and skilled workers; "
            "universities as producers of talent.",
        ),
        Label(
            "livelihood",
            "民生与社会",
            "Livelihood and society",
            "Employment, income, social security, education, health, housing, culture, safety, "
            "grassroots governance and disaster relief.",
        ),
        Label(
            "party-building",
            "党的建设",
            "Party building",
            "Party self-governance, discipline and inspection, anti-corruption, cadres, grassroots organisations, "
            "work style, study campaigns, ideology as Party work.",
        ),
    ),
)
"""The scheme that the shipped model answers in; `data/CODEBOOK.md` defines it in full."""
