"""The house rules: who imports whom, what the README promises, that no path or host has slipped in."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT

from gongbao import __version__

ALLOWED = {"gongbao": {"gongbao"}, "train": {"gongbao", "train"}, "eval": {"gongbao", "eval"}}
# Inside gongbao, a module may import what stands in an earlier room or its own.
ROOMS = [
    {"errors", "files", "rows", "ahead"},
    {"labels", "documents", "lines", "templates"},
    {
        "sentences",
        "headings",
        "asides",
        "metadata",
        "reflow",
        "segment",
        "examples",
        "readers",
        "listing",
        "language",
        "decision",
    },
    {"windows", "review"},
    {"engines", "models", "policy"},
    {"labeler", "labelled", "journal", "answers", "gate", "quantize", "export", "cluster"},
    {"writers", "outputs"},
    {"predict"},
    {"sampling", "watch", "doctor", "console", "options"},
    {"cli"},
    {"__main__"},
]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("package", ALLOWED)
def test_import_direction(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        ours = {name.split(".")[0] for name in imports(path)} & set(ALLOWED)
        assert ours <= ALLOWED[package], path


def room(module):
    name = module.split(".")[1] if "." in module else "errors"
    return next(number for number, names in enumerate(ROOMS) if name in names)


def test_inside_gongbao_data_flows_one_way():
    for path in (ROOT / "gongbao").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts == ("gongbao", "__init__"):
            continue
        for name in imports(path):
            if name.startswith("gongbao."):
                assert room(name) <= room(".".join(parts)), f"{path} imports {name}"


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines()] if listed.returncode == 0 else []


def test_nothing_is_unpickled():
    for path in tracked():
        if path.suffix == ".py" and path.parent.name != "tests":
            names = set(imports(path))
            assert not names & {"pickle", "joblib", "dill", "cloudpickle"}, path
            assert "torch.load" not in path.read_text(encoding="utf-8"), path


def test_no_path_of_a_machine_in_the_repository():
    for path in tracked():
        if path.parent.name == "samples":
            continue
        if path.suffix in {".py", ".md", ".toml", ".txt", ".cff", ".json", ""} and path.name != "tokenizer.json":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w.])/(work|root)/\w", text), path


def test_every_version_is_pinned():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9A-Za-z.]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    assert {re.sub(r"[-_.]+", "-", re.split(r"[<>=\[; ]", name)[0]).lower() for name in wanted} <= pinned
    assert "torch==2.13.0" in lines


def test_make_lists_its_targets_and_every_one_is_phony():
    makefile = (ROOT / "Makefile").read_text()
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    names = re.findall(r"^  make (\w+)", listed, re.M)
    assert {"install", "train", "test", "predict", "eval", "lint"} <= set(names)
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert set(names) <= set(phony)


@pytest.mark.parametrize(
    ("target", "usage"), [("compare", "make compare A=DIR B=DIR"), ("predict", "make predict FILES=")]
)
def test_make_says_what_is_missing_before_it_builds_anything(target, usage):
    shown = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True)
    assert shown.returncode == 2
    assert shown.stdout.startswith(f"usage: {usage}") and shown.stdout.count("\n") == 1


def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command():
    from gongbao.cli import app

    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"gongbao {name}" in readme()
        assert f"Example: gongbao {name}" in command.callback.__doc__
    for target in ("install", "train", "eval", "test", "predict"):
        assert f"make {target}" in readme()


def test_the_readmes_python_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", readme(), re.S)
    exec(compile(code, "README.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("('innovation',)")
    assert second.startswith("()")


def test_the_readmes_labelled_paragraph_is_what_the_command_shows(shipped, capsys):
    from gongbao.console import print_row
    from gongbao.predict import predict

    predict([str(ROOT / "data" / "samples" / "broken-columns.txt")], shipped, show=print_row)
    shown = re.search(r"^…\n(broken-columns.*?)```", readme(), re.S | re.M)[1]
    assert shown in capsys.readouterr().out


def test_the_readmes_ledger_is_what_the_command_shows():
    from gongbao.listing import line_of
    from gongbao.readers import examine

    block = re.search(r"^\$ gongbao segment (\S+)\n(.*?)```", readme(), re.S | re.M)
    shown = [line for item in examine(ROOT / block[1]) for line in line_of(item).split("\n")]
    for line in block[2].splitlines():
        assert line in (*shown, "…")


def test_the_readmes_figures_are_the_committed_reports():
    import json

    folder = ROOT / "eval" / "reports" / f"encoder-{__version__}"
    gold = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    real = json.loads((folder / "real-dev.json").read_text(encoding="utf-8"))
    table = readme().split("<!-- table")[1].split("<!-- /table")[0]
    for label in gold["labels"]:
        row = next(line for line in table.splitlines() if f"`{label}`" in line)
        for report in (gold, real):
            figures = report["labels"][label]
            assert f"{figures['f1']:.3f}" in row
            assert "{:.3f}–{:.3f}".format(*figures["interval"]) in row
    for report in (gold, real):
        macro = report["macro"]
        row = next(line for line in table.splitlines() if "macro-F1" in line)
        assert f"{macro['f1']:.3f} ({macro['interval'][0]:.3f}–{macro['interval'][1]:.3f})" in row
        assert report["gold"]["sha256"][:12] in readme() or report is gold


def test_the_committed_report_is_what_its_predictions_give():
    import json

    from eval import report
    from eval.gold import Gold
    from eval.system import open_system
    from gongbao.labels import POLICY_DOMAINS

    folder = ROOT / "eval" / "reports" / f"encoder-{__version__}"
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    gold = Gold.read(ROOT / "data" / "gold.jsonl", POLICY_DOMAINS)
    found = report.score(open_system(folder / "predictions.jsonl", gold), gold)
    assert found["signature"] == saved["signature"]
    for key in ("none", "macro", "micro", "samples", "exact_match", "hamming_loss", "sentence_level", "calibration"):
        assert _rounded(found[key]) == _rounded(saved[key]), key
    for label, row in found["labels"].items():
        assert _rounded(row) | {"threshold": None} == _rounded(saved["labels"][label]) | {"threshold": None}


def _rounded(value):
    """Floats to nine digits: another machine may add them up in another order."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 9) if isinstance(value, float) else value


def commands():
    """The commands that the README prints, comments cut off."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", readme(), re.S | re.M)
    text = "".join(blocks).replace("\\\n", " ")
    for line in re.findall(r"^(?:\$ |cat \S+ \| )?((?:gongbao|python -m (?:eval|train)) [^\n]*)", text, re.M):
        words = shlex.split(line, comments=True)
        yield words if words[0] == "gongbao" else words[2:]


def test_the_readmes_commands_have_the_options_that_they_are_given():
    """Those that need minutes or a hub are not run; a wrong option or command would show all the same."""
    from typer.main import get_command

    from eval.__main__ import app as eval_app
    from gongbao.cli import app
    from train.__main__ import app as train_app

    apps = {"gongbao": get_command(app), "eval": get_command(eval_app), "train": get_command(train_app)}
    seen = 0
    for words in commands():
        command, rest = apps[words[0]], words[1:]
        if hasattr(command, "commands"):
            assert rest[0] in command.commands, words
            command, rest = command.commands[rest[0]], rest[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.split("=")[0] for word in rest if word.startswith("-") and word != "-"}
        assert given <= known, (words, given - known)
        seen += 1
    assert seen >= 20


def test_the_files_that_the_readme_reads_are_there():
    for words in commands():
        for word in words:
            if word.startswith(("data/", "configs/")):
                assert (ROOT / word.split("=")[-1]).exists(), words


@pytest.mark.parametrize("words", [words for words in commands() if words[1] in ("segment", "labels")], ids=" ".join)
def test_the_readmes_light_commands_run(words):
    ran = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
