"""Engines: the same answers from each, in any batch and by any number of threads; exports and their gate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_bert, make_decision
from typer.testing import CliRunner

from gongbao import Labeler
from gongbao.cli import app
from gongbao.decision import Decision
from gongbao.engines import exported, open_engine
from gongbao.engines.torch import TorchEngine, load_bert
from gongbao.errors import GongbaoError
from gongbao.examples import read_examples
from gongbao.export import export
from gongbao.files import claimed
from gongbao.gate import gate
from gongbao.labels import POLICY_DOMAINS
from gongbao.quantize import divide

DEV = ROOT / "data" / "dev.jsonl"


def texts(file="gold.jsonl", count=120):
    examples = read_examples(ROOT / "data" / file, POLICY_DOMAINS)[:count]
    return [[sentence.text for sentence in example.sentences] for example in examples]


@pytest.fixture
def copy(exported_tiny, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(exported_tiny, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("engine", ["torch", "onnx", "openvino"])
def test_every_engine_answers_as_transformers_alone(exported_tiny, engine):
    import torch

    bert = load_bert(exported_tiny, "cpu").eval()
    opened = open_engine(exported_tiny, "cpu", engine=engine)
    prepared = opened.prepare(texts())
    widths = {batch.ids.shape for batch in prepared.batches}
    assert len(widths) > 5
    for batch in prepared.batches:
        with torch.inference_mode():
            expected = bert(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)).logits.numpy()
        found = opened.forward(batch.ids, batch.mask)
        kept = batch.mask.astype(bool)
        assert np.abs(found[kept] - expected[kept]).max() < 2e-4


@pytest.mark.parametrize("engine", ["torch", "onnx", "openvino"])
def test_the_number_of_threads_changes_no_bit_and_batches_no_label(exported_tiny, monkeypatch, engine):
    import torch

    asked = texts(count=80)
    found = {}
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
            torch.set_num_threads(threads)
            labeler = Labeler.load(exported_tiny, "cpu", engine)
            assert labeler.engine.threads == threads
            found[threads] = labeler.logits(asked)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(one, three) for one, three in zip(found[1], found[3], strict=True))
    labeler.engine.tokens = 200
    other = labeler.logits(asked[::-1])[::-1]
    for one, two in zip(found[1], other, strict=True):
        assert np.abs(1 / (1 + np.exp(-one)) - 1 / (1 + np.exp(-two))).max() < 1e-4


@pytest.mark.parametrize("file", ["train.jsonl", "dev.jsonl"])
def test_little_of_what_is_computed_is_padding(shipped, file):
    for start in range(0, 1500, 512):
        chunk = texts(file, start + 512)[start:]
        if len(chunk) == 512:
            prepared = shipped.engine.prepare(chunk)
            assert 0 < prepared.padding < 0.03
    assert shipped.engine.prepare([]).padding == 0


def test_auto_takes_an_exported_engine_where_there_is_one(tiny, exported_tiny, monkeypatch):
    assert open_engine(exported_tiny, "cpu").identity == "openvino fp32 cpu"
    assert open_engine(exported_tiny, "cpu", short=True).identity == "onnx fp32 cpu"
    assert open_engine(tiny, "cpu").identity == "torch fp32 cpu"
    monkeypatch.setattr("gongbao.engines.present", lambda engine: engine == "onnx")
    assert open_engine(exported_tiny, "cpu").identity == "onnx fp32 cpu"
    with pytest.raises(GongbaoError, match=r"openvino is not installed: pip install 'gongbao\[fast\]'"):
        open_engine(exported_tiny, "cpu", engine="openvino")
    monkeypatch.setattr("gongbao.engines.present", lambda engine: False)
    assert open_engine(exported_tiny, "cpu").identity == "torch fp32 cpu"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"engine": "jax"}, "an engine is one of auto, torch, onnx, openvino, and ray for predict, not 'jax'"),
        ({"engine": "onnx", "device": "cuda"}, "the engine onnx computes on the CPU alone"),
        ({"precision": "fp8"}, "a precision is one of fp32, bf16, fp16, int8, not 'fp8'"),
        ({"precision": "bf16"}, "bf16 is not exact, and .* has not been checked with it: gongbao export"),
    ],
)
def test_an_engine_that_cannot_be_had_is_refused_in_one_line(exported_tiny, asked, said):
    with pytest.raises(GongbaoError, match=said):
        Labeler.load(exported_tiny, **asked)


def test_an_engine_is_named_only_for_a_model_that_is_exported(tiny):
    with pytest.raises(GongbaoError, match="is not exported: gongbao export"):
        Labeler.load(tiny, engine="openvino")


def test_an_export_of_other_weights_is_not_taken(copy):
    assert exported.find(copy) is not None
    make_bert(copy, seed=1)
    make_decision().save(copy)
    assert exported.find(copy) is None
    assert open_engine(copy, "cpu").identity == "torch fp32 cpu"


def test_a_damaged_export_is_said_in_one_line(copy):
    path = exported.find(copy).file("fp32")
    path.write_bytes(path.read_bytes()[:2000])
    for engine in ("onnx", "openvino"):
        with pytest.raises(GongbaoError, match=r"model\.onnx is not the file that was exported"):
            Labeler.load(copy, engine=engine).label(["引进人才。"])
    record = copy / "exported" / "export.json"
    known = json.loads(record.read_text())
    del known["precisions"]["fp32"]["files"]
    record.write_text(json.dumps(known))
    for engine in ("onnx", "openvino"):
        with pytest.raises(GongbaoError, match=r"model\.onnx cannot be opened by .*: gongbao export it again"):
            Labeler.load(copy, engine=engine).label(["引进人才。"])
    for damaged in ("{", "[]", json.dumps(known | {"precisions": 7}), json.dumps(known | {"precisions": {"fp32": 5}})):
        record.write_text(damaged)
        assert exported.find(copy) is None
        assert open_engine(copy, "cpu").identity == "torch fp32 cpu"


def test_a_precision_of_a_gpu_leaves_the_others_usable(copy):
    record = copy / "exported" / "export.json"
    known = json.loads(record.read_text())
    known["precisions"]["fp16"] = {"engine": "torch", "device": "cuda"}
    record.write_text(json.dumps(known))
    assert open_engine(copy, "cpu").identity == "openvino fp32 cpu"
    with pytest.raises(GongbaoError, match="fp16 was checked on cuda, not on cpu"):
        open_engine(copy, "cpu", precision="fp16")
    with pytest.raises(GongbaoError, match="fp16 is for GPUs"):
        export(copy, "fp16", check=DEV, device="cpu:0")


def test_an_export_made_again_keeps_what_was_checked(copy):
    record = copy / "exported" / "export.json"
    known = json.loads(record.read_text())
    known["precisions"]["bf16"] = {"engine": "openvino", "device": "cpu"}
    record.write_text(json.dumps(known))
    export(copy)
    assert exported.find(copy).precisions["bf16"] == known["precisions"]["bf16"]
    assert sorted(path.name for path in (copy / "exported").iterdir()) == ["export.json", "model.onnx"]


def test_an_export_that_is_stopped_publishes_nothing(tiny, tmp_path, monkeypatch):
    shutil.copytree(tiny, tmp_path / "model")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gongbao.export.scores_of", stop)
    ran = CliRunner().invoke(app, ["export", str(tmp_path / "model")])
    assert ran.exit_code == 130 and "stopped; nothing was published" in ran.output
    assert not (tmp_path / "model" / "exported").exists()


def test_an_export_of_a_folder_that_cannot_be_written_to_goes_to_the_cache(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    # A file where the folder would be: no right to write would not stop an administrator.
    (folder / "exported").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = export(folder)
    assert made.folder == tmp_path / "cache" / "gongbao" / exported.weights_hash(folder)[:16]
    shutil.move(folder, tmp_path / "elsewhere")
    assert open_engine(tmp_path / "elsewhere", "cpu").identity == "openvino fp32 cpu"
    (tmp_path / "cache2").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache2"))
    with pytest.raises(GongbaoError, match="can be written to: set XDG_CACHE_HOME"):
        export(tmp_path / "elsewhere")


class Wrong:
    """An engine that answers as another one, but for what `change` makes of the logits."""

    def __init__(self, engine, change):
        self._engine, self._change = engine, change
        self.labels, self.identity = engine.labels, "wrong"

    def logits(self, paragraphs):
        return [self._change(rows) for rows in self._engine.logits(paragraphs)]


def turned(rows):
    rows = rows.copy()
    rows[:, 3] = -rows[:, 3]
    return rows


def test_the_gate_names_the_label_that_falls(shipped):
    examples = [example for example in read_examples(DEV, POLICY_DOMAINS) if "reform" in example.labels][:12]
    exact, rule = shipped.engine, shipped.decision
    figures = gate(exact, Wrong(exact, lambda rows: rows + 1e-6), rule, examples)
    assert figures["agreement"] == 1 and figures["paragraphs"] == 12 and 0 < figures["difference"] < 1e-5
    with pytest.raises(GongbaoError, match=r"not published: the F1 of reform falls from [01]\.\d+ to 0\.\d+"):
        gate(exact, Wrong(exact, turned), rule, examples)
    with pytest.raises(GongbaoError, match="wrong answers NaN"):
        gate(exact, Wrong(exact, lambda rows: rows * np.nan), rule, examples)


def test_the_gates_f1_is_counted_by_hand():
    """Two paragraphs, one label: 1, 0 in truth. Called 1, 1 by the fast engine: precision 1/2, recall 1, F1 2/3."""
    from gongbao.examples import Example, LabelledSentence
    from gongbao.labels import Scheme

    scheme = Scheme.from_dict({"name": "one", "version": "1", "labels": [{"id": "a"}]}, "here")
    rule = make_decision(scheme)

    class Fixed:
        labels, identity = 1, "fixed"

        def __init__(self, *values):
            self.values = values

        def logits(self, paragraphs):
            return [np.array([[self.values[int(sentences[0][0])]]]) for sentences in paragraphs]

    examples = [Example(str(n), f"d{n}", (LabelledSentence(f"{n}。", on),), on) for n, on in ((0, ("a",)), (1, ()))]
    assert gate(Fixed(5.0, -5.0), Fixed(4.0, -4.0), rule, examples)["f1"] == {"a": [1.0, 1.0]}
    with pytest.raises(GongbaoError, match=r"the F1 of a falls from 1\.000 to 0\.667.*50\.00% of the decisions"):
        gate(Fixed(5.0, -5.0), Fixed(5.0, 5.0), rule, examples)


def test_bf16_is_used_by_name_once_the_gate_has_passed_it(copy, monkeypatch):
    if "BF16" not in _capabilities():
        with pytest.raises(GongbaoError, match="does not compute in bf16"):
            export(copy, "bf16", check=DEV)
        return
    monkeypatch.setattr("gongbao.gate.AGREEMENT", 0.9)
    monkeypatch.setattr("gongbao.gate.FALL", 0.2)
    made = export(copy, "bf16", check=DEV)
    record = json.loads((copy / "exported" / "export.json").read_text())
    assert record["precisions"]["bf16"] == made.found and made.found["engine"] == "openvino"
    assert made.found["paragraphs"] == len(read_examples(DEV, POLICY_DOMAINS))
    labeler = Labeler.load(copy, precision="bf16")
    assert labeler.engine.identity == "openvino bf16 cpu"
    exact = Labeler.load(copy, "cpu")
    assert exact.engine.identity == "openvino fp32 cpu"
    one, two = (np.concatenate(each.logits(texts(count=20))) for each in (labeler, exact))
    assert np.abs(one - two).max() > 0
    with pytest.raises(GongbaoError, match="bf16 was checked with --engine openvino, not onnx"):
        Labeler.load(copy, engine="onnx", precision="bf16")


def _capabilities():
    from gongbao.engines.openvino import import_openvino

    return import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def test_int8_sets_its_ranges_on_other_documents_than_judge_it(copy, monkeypatch):
    monkeypatch.setattr("gongbao.gate.FALL", 1.0)
    monkeypatch.setattr("gongbao.quantize.CALIBRATED", 20)
    before = sorted(path.name for path in (copy / "exported").iterdir())
    monkeypatch.setattr("gongbao.gate.AGREEMENT", 1.1)
    with pytest.raises(GongbaoError, match="not published: only"):
        export(copy, "int8", check=DEV)
    assert sorted(path.name for path in (copy / "exported").iterdir()) == before
    with pytest.raises(GongbaoError, match="int8 is not exact"):
        Labeler.load(copy, precision="int8")
    monkeypatch.setattr("gongbao.gate.AGREEMENT", 0.0)
    examples = read_examples(DEV, POLICY_DOMAINS)
    documents = sorted({example.document for example in examples})
    made = export(copy, "int8", check=DEV)
    assert made.found["paragraphs"] == sum(example.document in documents[1::2] for example in examples)
    assert set(made.found["files"]) == {"model.int8.xml", "model.int8.bin"}
    assert Labeler.load(copy, precision="int8").engine.identity == "openvino int8 cpu"
    rule = Decision.load(copy)
    ranges, judging = divide(examples, DEV, DEV.parent / "samples" / ".." / DEV.name, rule)
    assert not {e.document for e in ranges} & {e.document for e in judging} and len(ranges) + len(judging) == len(
        examples
    )
    assert divide(examples[:5], DEV, DEV.parent / "gold.jsonl", rule)[1] == examples[:5]


def test_what_a_killed_export_left_is_gone_after_the_next(tiny, tmp_path):
    shutil.copytree(tiny, tmp_path / "model")
    left = tmp_path / "model" / "exported" / ".draft"
    left.mkdir(parents=True)
    (left / "model.onnx").write_text("half")
    with claimed(left, "", folder=True), pytest.raises(GongbaoError, match="another run is writing there"):
        export(tmp_path / "model")
    assert (left / "model.onnx").exists()
    export(tmp_path / "model")
    assert not left.exists()


def test_a_user_without_a_home_or_with_a_shut_one_has_no_export(tiny, monkeypatch):
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert exported.find(tiny) is None

    def shut(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.exists", shut)
    monkeypatch.setattr("pathlib.Path.read_text", shut)
    assert exported.find(tiny, "0" * 64) is None


def test_an_engine_that_cannot_be_imported_is_one_line(copy, tmp_path, monkeypatch):
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text("raise ImportError('libgomp is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    with pytest.raises(GongbaoError, match=r"onnxruntime cannot be imported \(libgomp is missing\)"):
        Labeler.load(copy, engine="onnx").label("引进人才。")


def test_a_handful_of_paragraphs_judges_nothing(copy, tmp_path):
    from gongbao.examples import write_examples

    write_examples(read_examples(DEV, POLICY_DOMAINS)[:99], tmp_path / "few.jsonl")
    with pytest.raises(GongbaoError, match=r"few\.jsonl: 99 paragraphs to judge by, and 100 are the least"):
        export(copy, "bf16", check=tmp_path / "few.jsonl")


def test_an_export_that_answers_otherwise_is_not_published(tiny, tmp_path, monkeypatch):
    from gongbao.engines.onnx import OnnxEngine

    shutil.copytree(tiny, tmp_path / "model")
    real = OnnxEngine.forward
    monkeypatch.setattr(OnnxEngine, "forward", lambda self, ids, mask: real(self, ids, mask) + 0.01)
    with pytest.raises(GongbaoError, match=r"onnx answers otherwise than torch, by 0\.00.* not published"):
        export(tmp_path / "model")
    assert exported.find(tmp_path / "model") is None


def test_the_command_exports_and_says_what_it_found(tiny, tmp_path):
    shutil.copytree(tiny, tmp_path / "model")
    ran = CliRunner().invoke(app, ["export", str(tmp_path / "model")])
    assert ran.exit_code == 0, ran.output
    assert "openvino answers as torch does" in ran.stdout and f"in {tmp_path / 'model' / 'exported'}" in ran.stdout
    ran = CliRunner().invoke(app, ["export", str(tmp_path / "model"), "--precision", "bf16"])
    assert ran.exit_code == 2 and "name labelled examples to check it on (--check FILE)" in ran.output


def test_an_exported_model_is_used_without_torch_and_reports_to_nobody(exported_tiny, tmp_path):
    (tmp_path / "page.txt").write_text("全会强调，改革开放。引进人才。\n", encoding="utf-8")
    for engine in ("onnx", "openvino"):
        arguments = ["gongbao", "predict", "page.txt", "--model", str(exported_tiny), "--engine", engine]
        code = (
            f"import sys\nfrom gongbao.cli import app\nsys.argv = {arguments!r}\n"
            "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
            "print([n for n in ('torch', 'transformers', 'scipy', 'openvino_telemetry.main') if n in sys.modules])\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-1] == "[]"
        assert f"{engine} fp32 cpu" in ran.stderr
    # onnxruntime keeps there what it would send.
    assert not (Path(os.environ["XDG_CACHE_HOME"]) / "Microsoft").exists()


def test_where_memory_is_short_batches_are_halved(tiny, monkeypatch):
    import torch

    engine = TorchEngine.load(tiny, "cpu")
    asked = texts(count=40)
    expected = engine.logits(asked)
    real, sizes = engine.model.forward, []

    def forward(input_ids, attention_mask):
        sizes.append(input_ids.numel())
        if input_ids.numel() > 150 and len(input_ids) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(input_ids=input_ids, attention_mask=attention_mask)

    monkeypatch.setattr(engine.model, "forward", forward)
    found = engine.logits(asked)
    assert max(sizes) > 150 and engine.tokens < 512
    assert all(np.allclose(one, two, atol=1e-5) for one, two in zip(expected, found, strict=True))
    monkeypatch.setattr(engine.model, "forward", lambda **_: (_ for _ in ()).throw(torch.OutOfMemoryError("no")))
    with pytest.raises(GongbaoError, match="cpu has no memory for one window of"):
        engine.logits(asked[:1])


def test_autocast_is_near_and_is_called_by_its_name(tiny):
    exact, fast = (TorchEngine.load(tiny, "cpu", precision=precision) for precision in ("fp32", "bf16"))
    assert fast.identity == "torch bf16 cpu"
    one, two = (np.concatenate(engine.logits(texts(count=20))) for engine in (exact, fast))
    assert 0 < np.abs(one - two).max() < 0.3


def test_only_the_exact_gelu_is_fused(tiny, tmp_path):
    import torch
    from transformers import AutoModelForTokenClassification

    from gongbao.engines.prepack import prepack

    ids = torch.arange(5, 25).reshape(2, 10)
    for activation in ("gelu", "gelu_new", "relu"):
        bert = AutoModelForTokenClassification.from_pretrained(tiny, hidden_act=activation, dtype=torch.float32).eval()
        with torch.inference_mode():
            expected = bert(ids).logits.clone()
            assert prepack(bert)
            assert not [layer for layer in bert.modules() if isinstance(layer, torch.nn.Linear)]
            assert torch.allclose(bert(ids).logits, expected, atol=1e-4)


def test_a_tfidf_model_has_one_engine(tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer

    from gongbao.engines.tfidf import TfidfEngine

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 1), lowercase=False).fit(["改革开放", "引进人才"])
    count = len(vectorizer.vocabulary_)
    TfidfEngine(vectorizer, np.ones((8, count)), np.zeros(8)).save(tmp_path)
    make_decision().save(tmp_path)
    assert Decision.load(tmp_path) and Labeler.load(tmp_path).engine.identity == "tfidf cpu"
    with pytest.raises(GongbaoError, match="has one engine and one precision"):
        Labeler.load(tmp_path, engine="onnx")
    with pytest.raises(GongbaoError, match="is no BERT: only those are exported"):
        export(tmp_path)
