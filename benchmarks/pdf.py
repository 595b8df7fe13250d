"""Pages a second of the PDF reader beside pdfplumber's plain text, in one run. `python benchmarks/pdf.py [PAGES]`.

The PDF is made here, of invented prose: pages of one, two and three columns, every tenth with a ruled table. The two
take turns, so that what else the machine does falls on both; the median of the turns counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

TURNS = 3


def make(pages: int) -> bytes:
    from pdfs import Press, prose

    press = Press()
    press.head, press.numbered = "澜江省人民政府公报", True
    while press.page < pages:
        columns = press.page % 3 + 1
        low = press.flow(prose(press.page, 14), columns, balanced=True)
        if press.page % 10 == 0 and low < 650:
            press.table(90, low + 20, [["项目", "责任单位", "完成时限"]] * 5, [120, 160, 120])
        press.turn()
    return press.done()


def main(pages: int = 60) -> None:
    import pdfplumber

    from gongbao.readers.pdf import pdf_lines
    from gongbao.readers.reading import Reading

    data = make(pages)
    characters = 0

    def ours() -> None:
        nonlocal characters
        characters = sum(len(line.text) for line in pdf_lines(BytesIO(data), Reading("a.pdf", "a")))

    def plain() -> None:
        with pdfplumber.open(BytesIO(data)) as pdf:
            for page in pdf.pages:
                page.extract_text()
                page.close()

    seconds: dict[str, list[float]] = {"pdf_lines": [], "pdfplumber": []}
    for _ in range(TURNS):
        for name, read in (("pdf_lines", ours), ("pdfplumber", plain)):
            begun = time.perf_counter()
            read()
            seconds[name].append(time.perf_counter() - begun)
    speed = {name: pages / statistics.median(each) for name, each in seconds.items()}
    print(f"{pages} pages, {characters:,} characters, median of {TURNS} turns")
    for name, rate in speed.items():
        print(f"{name:12} {rate:8.1f} pages/s")
    print(f"{'ratio':12} {speed['pdf_lines'] / speed['pdfplumber']:8.2f} x")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
