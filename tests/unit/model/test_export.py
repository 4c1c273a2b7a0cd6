"""The exported folder: three readers give the vectors that names had in training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from random_lms import ARCHITECTURES, write_random_lm
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
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


@dataclass(frozen=True)
class Trained:
    """A model in training and the folder that it is exported to."""

    aligner: Aligner
    base: Path
    folder: Path
    pooling: str
    layer: int


def export_trained(
    folder: Path, kind: str = "bert", pooling: str = "mean", layer: int = -1
) -> Trained:
    """Export a model whose weights are not those of its base."""
    base = folder / "base"
    write_random_lm(base, kind, TEXTS)
    lm = load_lm(base)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in lm.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    objectives = {"align": Alignment("ntxent", Temperature(0.07, learnt=False))}
    options = {"name_pooling": pooling, "hidden_layer": layer}
    aligner = Aligner(lm, RowEncoder(), objectives, {"align": 1.0}, **options).eval()
    out = folder / "model"
    out.mkdir()
    export_lm(lm, base, out)
    export_sentence_transformer(
        out, dim=32, name_pooling=pooling, max_tokens=64, hidden_layer=layer
    )
    return Trained(aligner, base, out, pooling, layer)


VARIANTS = [(kind, pooling, -1) for kind in ARCHITECTURES for pooling in ("mean", "cls")]
VARIANTS += [("bert", "mean", 1), ("roberta", "mean", 0), ("modernbert", "cls", 1)]


@pytest.mark.parametrize(("kind", "pooling", "layer"), VARIANTS)
def test_three_readers_give_the_vectors_of_the_training(
    kind: str, pooling: str, layer: int, tmp_path: Path
):
    trained = export_trained(tmp_path, kind, pooling, layer)
    ids = load_tokenizer(trained.base)(TEXTS)["input_ids"]
    names = Texts(
        torch.tensor([token for row in ids for token in row]),
        torch.tensor([len(row) for row in ids]),
    )
    with torch.no_grad():
        expected = trained.aligner.encode_names(names).numpy()
    folder = trained.folder
    ours = TextEncoder.load(folder, pooling).encode(TEXTS, batch_size=8, max_tokens=64)
    sentence = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    batch = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = AutoModel.from_pretrained(folder)(**batch, output_hidden_states=True)
    hidden = output.hidden_states[layer]
    if layer == -1:
        assert torch.equal(hidden, output.last_hidden_state)
    mask = batch["attention_mask"][:, :, None]
    auto = (hidden * mask).sum(1) / mask.sum(1) if pooling == "mean" else hidden[:, 0]
    assert len(expected[0]) == 32
    for vectors in (ours, sentence, auto.numpy()):
        assert np.allclose(vectors, expected, atol=1e-5)


@pytest.fixture(params=["mean", "cls"])
def pooling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(pooling: str, tmp_path: Path) -> Path:
    return export_trained(tmp_path, pooling=pooling).folder


def test_sentence_transformers_sees_the_trained_pooling_and_no_normalisation(
    folder: Path, pooling: str
):
    model = SentenceTransformer(str(folder), device="cpu")
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling"]
    assert model.max_seq_length == 64
    assert model[1].pooling_mode == pooling


def test_the_folder_names_no_place_of_the_machine(folder: Path):
    for path in folder.rglob("*.json"):
        assert str(folder.parent) not in path.read_text()


def test_the_graph_encoder_can_be_built_again(tmp_path: Path):
    settings = {"layers": 1, "heads": 2, "dropout": 0.1, "residual": True, "relations": 5}
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
