"""Is this text what the model was made for? Chinese, in simplified characters, in known pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_TRADITIONAL = (
    "國會發產業經濟體對這個們來時與開關過還進現動學長點問題為應當說種將從後幾樣機見間"
    "無實電書門車東語兩頭廣區創領導堅強黨員幹黨務農村財稅場標護態綠環鄉縣級變質資質優"
    "勢競爭際貿義歷設計劃總結構續織組統維緊線給練紀約納終積極擔戰備監督職權責任勞動險"
    "醫療養"
)
_SIMPLIFIED = (
    "国会发产业经济体对这个们来时与开关过还进现动学长点问题为应当说种将从后几样机见间"
    "无实电书门车东语两头广区创领导坚强党员干党务农村财税场标护态绿环乡县级变质资质优"
    "势竞争际贸义历设计划总结构续织组统维紧线给练纪约纳终积极担战备监督职权责任劳动险"
    "医疗养"
)
_PAIRS = [(a, b) for a, b in zip(_TRADITIONAL, _SIMPLIFIED, strict=True) if a != b]
TRADITIONAL = frozenset(a for a, _ in _PAIRS)
SIMPLIFIED = frozenset(b for _, b in _PAIRS)
"""Frequent characters of official prose that are written differently in the two scripts."""

MOSTLY = 0.5
UNKNOWN = 0.02
"""More unknown pieces than this share are warned of."""


def chinese_share(text: str) -> float:
    """The share of Chinese characters among the letters of a text; 1.0 where it has no letters.

    >>> chinese_share("坚持AI")
    0.5
    """
    letters = [char for char in text if char.isalpha()]
    chinese = sum("CJK" in unicodedata.name(char, "") for char in letters)
    return chinese / len(letters) if letters else 1.0


def traditional_share(text: str) -> float:
    """The share of traditional forms among characters whose two forms differ; 0.0 where there are none.

    >>> traditional_share("國家发展")
    0.5
    """
    traditional = sum(char in TRADITIONAL for char in text)
    simplified = sum(char in SIMPLIFIED for char in text)
    return traditional / (traditional + simplified) if traditional else 0.0


def warnings(text: str, unknown: Sequence[int] = (0, 0)) -> list[str]:
    """Say, with the share, what in a text the model was not made for; `unknown` is (unknown pieces, pieces)."""
    found = []
    if (share := chinese_share(text)) < MOSTLY:
        found.append(f"only {share:.0%} of its letters are Chinese; labels mean little")
    if (share := traditional_share(text)) > MOSTLY:
        found.append(f"{share:.0%} traditional characters; the model learnt from simplified text: convert it first")
    if unknown[1] and (share := unknown[0] / unknown[1]) > UNKNOWN:
        found.append(f"{share:.1%} of its pieces are unknown to the model; labels are less sure")
    return found
