"""What a document says of itself: its date, its number, who issued it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from gongbao.documents import Aside

_FIGURES = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | dict.fromkeys("零○OＯo0", "0")
YEAR = r"\d{4}|[一二三四五六七八九][〇○零OＯo0一二三四五六七八九]{3}"
"""A year's figures, with what people type for 〇; those of months and days are `_COUNT`."""
_COUNT = r"\d{1,2}|[一二三四五六七八九十]{1,3}"
_DATE = re.compile(
    rf"({YEAR})\s*年\s*({_COUNT})\s*月\s*({_COUNT})\s*日|(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}})(?!\d)"
)
_OF_YEAR = r"[〔［\[（(]\d{4}[〕］\]）)]"
_NUMBER = re.compile(rf"[\u4e00-\u9fff]{{1,12}}{_OF_YEAR}\s*(?:第\s*)?\d{{1,5}}\s*号")
_NUMBERED = (
    rf"{_NUMBER.pattern}|{_OF_YEAR}\s*\d{{1,5}}\s*号|(?:[\u4e00-\u9fff]{{2,20}}令\s*)?第\s*[\d一二三四五六七八九十百〇零]{{1,6}}\s*号"
    r"|[\u4e00-\u9fff\s、]{2,40}(?:公告|令|通告)\s*\d{4}\s*年\s*第\s*\d{1,5}\s*号"
)
_NUMBER_LINE = re.compile(rf"({_NUMBERED})(?:\s*签发人\s*[：:].{{1,20}})?")
_DATE_LINE = re.compile(rf"[（(]?(?:{YEAR})\s*年\s*(?:{_COUNT})\s*月\s*(?:{_COUNT})\s*日[）)]?")
ORGAN = (
    r"(?:委员会|人民政府|国务院|中共中央|中央军委|办公厅|办公室|委|部|局|厅|署|总局|人民代表大会|人大常委会|政协|"
    r"人民法院|人民检察院|银行|总工会|团中央|联合会)"
)
_ISSUER_LINE = re.compile(rf"(?:[\u4e00-\u9fff]{{0,26}}{ORGAN}\s{{0,4}}){{1,4}}")
# A title that says what people do about a document names no issuer first.
_DOING = re.compile(r"热议|落实|贯彻|学习|解读|宣传|召开|介绍|回应|部署|答记者")
_ISSUER_TITLE = re.compile(rf"((?:[\u4e00-\u9fff]{{0,26}}{ORGAN}\s?){{1,3}})(?:关于|印发|转发)")
_PUBLISHER = re.compile(
    r"(?:发布机构|发布单位|发文机关|来源)\s*[：:]\s*"
    r"([\u4e00-\u9fffA-Za-z（）()·]{2,30}?)(?=$|[\s\d。！？；，]|作者|时间|日期|编辑|字号|浏览)"
)
# The table above a document on a government's site.
_FIELD_NUMBER = re.compile(rf"发文字号\s*[：:]\s*({_NUMBER.pattern})")
_FIELD_DATE = re.compile(r"成文日期\s*[：:]\s*(\S{8,})")
_FIELD_ISSUER = re.compile(r"发文机关\s*[：:]\s*([^\s。！？；，]{2,30})")
# The most trustworthy first: where a document was passed or signed, then what a page says of it.
_DATED = ("date", "note", "source", "running-head", "dateline")


def is_number(text: str) -> bool:
    """Tell whether a line is a document's number and nothing else.

    >>> is_number("国发〔2024〕5号"), is_number("落实国发〔2024〕5号文件。")
    (True, False)
    """
    return _NUMBER_LINE.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Tell whether a line is a date and nothing else."""
    return _DATE_LINE.fullmatch(text) is not None


def is_issuer(text: str) -> bool:
    """Tell whether a line may be the organ that signs a document; it counts before a closing date only."""
    return _ISSUER_LINE.fullmatch(_closed(text)) is not None


def describe(title: str | None, aside: Iterable[Aside]) -> tuple[str | None, str | None, str | None]:
    """Return the date (ISO 8601), the number and the issuer that title and lines set apart give, None where none does.

    >>> lines = [Aside("国发〔2024〕5号", "document-number", 2), Aside("二〇二四年三月一日", "date", 9)]
    >>> describe("国务院关于支持澜江发展的意见", lines)
    ('2024-03-01', '国发〔2024〕5号', '国务院')
    """
    lines = list(aside)
    day = next(filter(None, (iso(line.text) for reason in _DATED for line in lines if line.reason == reason)), None)
    numbers = (_NUMBER_LINE.fullmatch(line.text) for line in lines if line.reason == "document-number")
    number = next((match.group(1) for match in numbers if match), None)
    signed: list[str] = []
    for line in lines:
        if line.reason == "issuer":
            signed.append(line.text)
        elif line.reason == "date" and signed:
            # What is signed below is an annex, or what is forwarded.
            break
    named = _ISSUER_TITLE.match(title or "")
    named = None if named and _DOING.search(named.group(1)) else named
    published = (_PUBLISHER.search(line.text) for line in lines if line.reason == "source")
    issuer = (
        " ".join(" ".join(_closed(line).split()) for line in signed)
        if signed
        else named.group(1).strip()
        if named
        else None
    )

    def field(pattern: re.Pattern[str]) -> str | None:
        return next((match.group(1) for line in lines if (match := pattern.search(line.text))), None)

    written = field(_FIELD_DATE)
    return (
        (iso(written) if written else None) or day,
        number or field(_FIELD_NUMBER),
        issuer or field(_FIELD_ISSUER) or next((match.group(1) for match in published if match), None),
    )


def iso(text: str) -> str | None:
    """Return the first whole date in a text as YYYY-MM-DD, or None.

    >>> iso("（二〇二四年七月十八日通过）"), iso("发布时间：2024-03-05 10:00"), iso("2024年2月30日")
    ('2024-07-18', '2024-03-05', None)
    """
    match = _DATE.search(text)
    if match is None:
        return None
    year, month, day = (_value(group) for group in match.groups() if group)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _closed(text: str) -> str:
    """A name without the spaces that print puts into a short one: 国 务 院."""
    return "".join(text.split()) if re.fullmatch(r"(?:\S\s+)+\S", text) else text


def _value(digits: str) -> int:
    if digits.isdecimal():
        return int(digits)
    if "十" in digits:
        tens, ones = digits.split("十", 1)
        return int(_FIGURES.get(tens, "1")) * 10 + int(_FIGURES.get(ones, "0"))
    return int("".join(_FIGURES[char] for char in digits))
