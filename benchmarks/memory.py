"""Memory of reading, in a process of its own for each file: `python benchmarks/memory.py [MEGABYTES]` (default 1000).

Writes a .jsonl and a .csv of so many megabytes and a tenth of it, reads them row by row, and prints the peak of each.
The larger may take no more memory than the smaller, but for the ids that must differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROW = "要坚持稳中求进工作总基调，完整、准确、全面贯彻新发展理念，扎实推动高质量发展。" * 8
READ = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from gongbao.readers import stream
rows = sum(1 for _ in stream(sys.argv[1]))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    root = str(Path(__file__).resolve().parent.parent)
    with tempfile.TemporaryDirectory() as folder:
        for size in (megabytes // 10, megabytes):
            for name in ("rows.jsonl", "rows.csv"):
                path = Path(folder, name)
                with path.open("w", encoding="utf-8") as file:
                    number = 0
                    if name.endswith(".csv"):
                        file.write("id,text\n")
                    while file.tell() < size * 1_000_000:
                        for _ in range(1000):
                            number += 1
                            row = {"id": number, "text": ROW}
                            line = f"{number},{ROW}" if name.endswith(".csv") else json.dumps(row, ensure_ascii=False)
                            file.write(line + "\n")
                ran = subprocess.run(
                    [sys.executable, "-c", READ, path, root], capture_output=True, text=True, check=True
                )
                rows, peak = ran.stdout.split()
                print(f"{name:12} {size:5} MB  {int(rows):>9,} rows  peak {peak} MB", flush=True)
                path.unlink()


if __name__ == "__main__":
    main()
