"""Makes the documents of data/samples/: one invented opinion in every format. Run it with `make samples`."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from email.message import EmailMessage
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
TITLE = "澜江省人民政府关于加快山水智造建设的意见"
NUMBER = "澜政发〔2026〕8号"
ISSUER = "澜江省人民政府"
DATE = "2026年3月18日"
BODY = (
    (0, "各市、县（区）人民政府，省政府各部门、各直属机构："),
    (
        0,
        "山水智造是立足省情、着眼长远作出的选择。为加快把澜江的生态优势、装备优势转化为发展优势，经省人民政府同意，"
        "现提出以下意见。",
    ),
    (1, "一、总体要求"),
    (
        0,
        "坚持稳中求进、以进促稳，统筹产业、城乡和区域布局，一件事情接着一件事情办。到2030年，规模以上装备企业研发投入"
        "占比达到3.5%，单位生产总值能耗比2025年下降12%，城乡居民收入比缩小到2.1以内。",
    ),
    (1, "二、重点任务"),
    (2, "（一）办好精密传动实验室"),
    (
        0,
        "支持澜江大学牵头组建精密传动重点实验室，对首台（套）装备给予保险补偿；建设中试基地12个，每年向社会开放Open Lab"
        "公共机时不少于2万小时。打通“实验室—中试—车间”的堵点，让更多成果就地转化。",
    ),
    (2, "（二）引育青年工程师"),
    (
        0,
        "实施“归雁”计划，每年引进青年工程师3000名。对到县以下企业服务满五年的，在职称评审、子女入学、住房保障上给予优先！"
        "谁用才、谁评价，破除唯论文、唯帽子的倾向。",
    ),
    (2, "（三）修复澜江岸线"),
    (
        0,
        "全面完成澜江干流岸线修复，淘汰落后锅炉400台，新增光伏装机260万千瓦。完善上下游横向补偿，谁受益、谁补偿；"
        "把断面水质纳入市县考核。",
    ),
    (2, "（四）守住民生底线"),
    (
        0,
        "新增普惠托位8000个，改造老旧小区320个，把更多县级医院办成群众信得过的医院。零就业家庭动态清零，"
        "因病返贫人口及时纳入救助。",
    ),
    (1, "三、组织保障"),
    (
        0,
        "各级党组织要把山水智造摆上重要议事日程，坚决反对形式主义、官僚主义，为基层减负。省发展改革委会同有关部门每半年"
        "调度一次，重大事项及时报告省人民政府。",
    ),
)
"""(level of heading or 0, text); invented, as are its province and figures."""
HEAD = "澜江省人民政府公报"


def paragraphs() -> list[tuple[str, str]]:
    """What every format must give: (kind, text), the title first."""
    return [("heading", TITLE), *(("heading" if level else "body", text) for level, text in BODY)]


def text() -> str:
    """The opinion as text: the lines of a paragraph are one, with a two-character indent."""
    body = "\n".join(text if level else f"　　{text}" for level, text in BODY[1:])
    return f"{TITLE}\n\n{NUMBER}\n\n{BODY[0][1]}\n{body}\n\n　　　　　　{ISSUER}\n　　　　　　{DATE}\n"


def markdown() -> str:
    body = "\n\n".join(f"{'#' * (level + 1)} {line}" if level else line for level, line in BODY)
    return f"# {TITLE}\n\n{NUMBER}\n\n{body}\n\n{ISSUER}\n\n{DATE}\n"


def docx() -> bytes:
    from docx import Document

    document = Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = HEAD
    section.footer.paragraphs[0].text = "- 1 -"
    document.add_paragraph(TITLE, style="Title")
    document.add_paragraph(NUMBER)
    for level, line in BODY:
        document.add_paragraph(line, style=f"Heading {level}" if level else None)
    document.add_paragraph(ISSUER)
    document.add_paragraph(DATE)
    file = io.BytesIO()
    document.save(file)
    return still(file.getvalue())


def xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["编号", "正文", "类别"])
    for number, (kind, line) in enumerate(paragraphs(), 1):
        sheet.append([number, line, kind])
    file = io.BytesIO()
    book.save(file)
    return still(file.getvalue())


def table(delimiter: str) -> str:
    file = io.StringIO()
    rows = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    rows.writerow(["编号", "正文", "类别"])
    rows.writerows([number, line, kind] for number, (kind, line) in enumerate(paragraphs(), 1))
    return file.getvalue()


def jsonl() -> str:
    rows = ({"id": f"opinion-{n}", "text": line, "kind": kind} for n, (kind, line) in enumerate(paragraphs(), 1))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    rows = [{"正文": line, "类别": kind} for kind, line in paragraphs()]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


def html() -> str:
    tags = {0: "p", 1: "h2", 2: "h3"}
    body = "\n".join(f"<{tags[level]}>{line}</{tags[level]}>" for level, line in BODY)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>{TITLE}_{HEAD}</title><style>p {{ text-indent: 2em }}</style></head>
<body>
<div class="header"><ul>
<li><a href="/">首页</a></li><li><a href="/gb">公报</a></li><li><a href="/jd">解读</a></li>
</ul></div>
<div class="crumbs">当前位置：<a href="/">首页</a> &gt; <a href="/gb">公报</a></div>
<div class="article">
<h1>{TITLE}</h1>
<p>{NUMBER}</p>
{body}
<p style="text-align: right">{ISSUER}</p>
<p style="text-align: right">{DATE}</p>
</div>
<div class="share">分享到 <a href="#">微信</a> <a href="#">微博</a></div>
<div class="footer"><p>主办单位：{ISSUER}办公厅</p><p>版权所有 澜ICP备00000000号</p></div>
<script>var views = 1024;</script>
</body>
</html>
"""


def mhtml() -> bytes:
    message = EmailMessage()
    message["Subject"] = TITLE
    message["MIME-Version"] = "1.0"
    message.set_content(html(), subtype="html", charset="utf-8", cte="quoted-printable")
    message.make_related(boundary="gongbao-samples")
    message.add_related(b"\x89PNG\r\n\x1a\n", "image", "png", cid="<picture>")
    return message.as_bytes()


def pdf(columns: int) -> bytes:
    """The opinion in print: lines as wide as a column, a head and a number on every page."""
    from reportlab.lib.pagesizes import A5
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    size, leading, margin, gutter = 10.5, 18, 40, 24
    width, height = A5
    span = (width - 2 * margin - gutter * (columns - 1)) / columns
    file = io.BytesIO()
    page = Canvas(file, pagesize=A5, invariant=1)
    page.setTitle(TITLE)
    places = _places(page, columns, span, gutter, margin, width, height, leading)
    for line, indent, large in _printed(int(span // size), columns):
        x, y = next(places)
        page.setFont("STSong-Light", size + 3 if large else size)
        page.drawString(x + indent * size, y, line)
    _ends(page, width, margin)
    page.save()
    return file.getvalue()


def _places(page, columns, span, gutter, margin, width, height, leading):
    """Where line after line goes: down a column, then the next, then the next page."""
    while True:
        for column in range(columns):
            y = height - margin - 2 * leading
            while y > margin + leading:
                yield margin + column * (span + gutter), y
                y -= leading
        _ends(page, width, margin)
        page.showPage()


def _ends(page, width, margin):
    page.setFont("STSong-Light", 8)
    page.drawCentredString(width / 2, A5_TOP, HEAD)
    page.drawCentredString(width / 2, margin / 2, f"- {page.getPageNumber()} -")


A5_TOP = 565


def _printed(width: int, columns: int):
    """(line, indent, large): the title over lines of its own, paragraphs broken where the column ends."""
    title = width - 4 if columns == 1 else width - 3
    yield from ((TITLE[at : at + title], 0, True) for at in range(0, len(TITLE), title))
    yield NUMBER, 0, False
    for number, (level, line) in enumerate(BODY):
        first = 0 if number == 0 else 2
        lines = _broken(line, width, first)
        yield from ((part, first if at == 0 else 0, False) for at, part in enumerate(lines))
        assert level is not None
    yield ISSUER, max(2, width - 10), False
    yield DATE, max(2, width - 10), False


def _broken(line: str, width: int, indent: int) -> list[str]:
    """Break a paragraph as print does: a half-width character takes half, no line begins with a stop."""
    lines, current, room = [], "", width - indent
    for unit in re.findall(r"[A-Za-z0-9.%]+|.", line):
        size = sum(0.5 if char.isascii() else 1 for char in unit)
        if size > room and unit not in "，。、；：！？”）":
            lines.append(current)
            current, room = "", width
        current, room = current + unit, room - size
    return [*lines, current]


def still(package: bytes) -> bytes:
    """Pack a zip anew without the time of its making, so that the same sample has the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "docProps/core.xml":
                data = re.sub(rb">\d{4}-\d\d-\d\dT[\d:]+Z<", b">2026-03-18T00:00:00Z<", data)
            new.writestr(zipfile.ZipInfo(info.filename, (2026, 3, 18, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def samples() -> dict[str, bytes]:
    """Return the name and the bytes of every sample that this script makes."""
    made = {
        "opinion.txt": text().encode(),
        "opinion-gb18030.txt": text().encode("gb18030"),
        "opinion.md": markdown().encode(),
        "opinion.docx": docx(),
        "opinion.pdf": pdf(1),
        "opinion-columns.pdf": pdf(2),
        "opinion.html": html().encode(),
        "opinion.mhtml": mhtml(),
        "opinion.jsonl": jsonl().encode(),
        "opinion.csv": table(",").encode("utf-8-sig"),
        "opinion.tsv": table("\t").encode(),
        "opinion.xlsx": xlsx(),
        "opinion.parquet": parquet(),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name in ("opinion.txt", "opinion.docx"):
            package.writestr(zipfile.ZipInfo(f"意见/{name}", (2026, 3, 18, 0, 0, 0)), made[name], zipfile.ZIP_DEFLATED)
    return made | {"opinion.zip": file.getvalue()}


if __name__ == "__main__":
    for name, data in samples().items():
        (SAMPLES / name).write_bytes(data)
