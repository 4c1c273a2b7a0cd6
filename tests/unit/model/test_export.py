"""The exported folder: three readers give the vectors that names had in training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from tiny_training import TinyInputs
from transformers import AutoModel, AutoTokenizer

from bali.model.aligner import Aligner
from bali.model.batch import Texts
from bali.model.encoder import TextEncoder
from bali.model.export import export_graph_encoder, export_lm, export_sentence_transformer
from bali.model.graph_encoder import RowEncoder, build_graph_encoder
from bali.model.lm import load_lm
from bali.model.objectives.alignment import Alignment
from bali.model.objectives.temperature import Temperature
from bali.model.tokenizer import load_tokenizer

TEXTS = ["brim", "calor of the arm", "mirk in the clinic"]


@pytest.fixture(params=["mean", "cls"])
def pooling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def trained(tiny: TinyInputs, pooling: str) -> Aligner:
    """A model whose weights are not those of its base."""
    torch.manual_seed(0)
    lm = load_lm(tiny.lm)
    with torch.no_grad():
        for parameter in lm.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    objectives = {"align": Alignment("ntxent", Temperature(0.07, learnt=False))}
    return Aligner(lm, RowEncoder(), objectives, {"align": 1.0}, name_pooling=pooling).eval()


@pytest.fixture
def folder(tiny: TinyInputs, trained: Aligner, pooling: str, tmp_path: Path) -> Path:
    export_lm(trained.lm, tiny.lm, tmp_path)
    export_sentence_transformer(tmp_path, dim=32, name_pooling=pooling, max_tokens=64)
    return tmp_path


def test_three_readers_give_the_vectors_of_the_training(
    tiny: TinyInputs, trained: Aligner, folder: Path, pooling: str
):
    ids = load_tokenizer(tiny.lm)(TEXTS)["input_ids"]
    names = Texts(
        torch.tensor([token for row in ids for token in row]),
        torch.tensor([len(row) for row in ids]),
    )
    with torch.no_grad():
        expected = trained.encode_names(names).numpy()
    ours = TextEncoder.load(folder, pooling).encode(TEXTS, batch_size=8, max_tokens=64)
    sentence = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    batch = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder)(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None]
    auto = (hidden * mask).sum(1) / mask.sum(1) if pooling == "mean" else hidden[:, 0]
    for vectors in (ours, sentence, auto.numpy()):
        assert np.allclose(vectors, expected, atol=1e-5)


def test_sentence_transformers_sees_the_trained_pooling_and_no_normalisation(
    folder: Path, pooling: str
):
    model = SentenceTransformer(str(folder), device="cpu")
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling"]
    assert model.max_seq_length == 64
    assert model[1].pooling_mode == pooling


def test_the_folder_names_no_place_of_the_machine(tiny: TinyInputs, folder: Path):
    for path in folder.rglob("*.json"):
        assert str(tiny.lm.parent) not in path.read_text()


def test_the_graph_encoder_can_be_built_again(tmp_path: Path):
    settings = {"layers": 1, "heads": 2, "dropout": 0.1, "residual": True}
    torch.manual_seed(0)
    encoder = build_graph_encoder("gat", 8, **settings)
    export_graph_encoder(encoder, {"encoder": "gat", **settings}, tmp_path)
    again = build_graph_encoder("gat", 8, **settings)
    weights = load_file(tmp_path / "graph_encoder.safetensors")
    missing, unexpected = again.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert missing == [f"convolutions.0.lin_r.{name}" for name in ("weight", "bias")]  # shared
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


def test_an_encoder_without_weights_leaves_its_settings_only(tmp_path: Path):
    export_graph_encoder(RowEncoder(), {"encoder": "none"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["graph_encoder.json"]
