"""docs/model.md against a step: the shape of each tensor, and each function that it names."""

import importlib
import re
from dataclasses import replace
from functools import reduce

import pytest
import torch
from test_encoding_variants import make_aligner, make_batch
from tiny_training import WORDS, TinyInputs

from bali.model.batch import Links
from bali.model.views import Views
from bali.train.hierarchy import Hierarchy
from bali.train.names import Names
from bali.train.soft import SoftLinks
from bali.train.synonyms import SynonymPairs
from paths import REPOSITORY

TEXT = (REPOSITORY / "docs" / "model.md").read_text()
ROW = re.compile(r"^\| `((?:batch|views)\.[\w.]+)` \| \(([^)]*)\) \| (\w+) \|", re.MULTILINE)
FUNCTION = re.compile(r"`(bali/[\w/]+)\.py:\s([\w.]+)`")

ITEMS = [0, 2, 8, 12, 19]  # sentences whose step has another number of each thing that is counted


def test_every_tensor_of_a_step_has_the_shape_and_kind_that_the_document_says(tiny: TinyInputs):
    synonyms = SynonymPairs(Names(tiny.names, len(WORDS)), 14)
    hierarchy = Hierarchy(tiny.hierarchy, Names(tiny.names, len(WORDS)), 2, 1)
    soft = SoftLinks(tiny.soft_links, Names(tiny.names, len(WORDS)), 10, 3)
    options = {"siblings": 1, "use_links": True, "synonyms": synonyms}
    options |= {"hierarchy": hierarchy, "soft": soft}
    batch = make_batch(tiny, ITEMS, "linear-v1", **options)
    aligner = make_aligner(tiny, encoder="linear-v1")
    # a mention of two tokens, of which the tiny sentences have none
    token, group = (torch.cat([part, part[:1]]) for part in (batch.token, batch.group))
    # the ring has one triple a mention row: more of them
    links = (batch.links.head, batch.links.relation, batch.links.row)
    links = Links(*(torch.cat([part, part[:4]]) for part in links))
    batch = replace(batch, token=token, group=group, links=links)
    roots = {"batch": batch, "views": Views(batch, aligner)}
    rows = ROW.findall(TEXT)
    assert len(rows) == 45
    sizes = {"2": 2, "d": aligner.lm.config.hidden_size}
    for path, shape, dtype in rows:
        root, *names = path.split(".")
        tensor = reduce(getattr, names, roots[root])
        letters = [letter.strip() for letter in shape.split(",") if letter.strip()]
        assert len(letters) == tensor.dim(), path
        for letter, size in zip(letters, tensor.shape, strict=True):
            assert sizes.setdefault(letter, size) == size, (path, letter)
        assert tensor.dtype == getattr(torch, dtype), path
    # or else one letter could stand for another; each of these sentences has a row of its own
    assert sizes.pop("R") == sizes["S"]
    a = sizes.pop("A")  # these two are as great as something else here
    assert sizes.pop("A + B") == a + sizes["B"]
    assert sizes.pop("X + Z") == sizes["X"] + sizes["Z"]
    assert len(set(sizes.values())) == len(sizes), sizes
    assert sizes["2P"] == 2 * sizes["P"]
    assert sizes["C"] == len(set(batch.concept.tolist())) + sizes["K"]


@pytest.mark.parametrize(("module", "name"), sorted(set(FUNCTION.findall(TEXT))))
def test_every_function_is_where_the_document_says(module: str, name: str):
    reduce(getattr, name.split("."), importlib.import_module(module.replace("/", ".")))


def test_the_document_names_every_input_of_a_step(tiny: TinyInputs):
    named = {path for path, _, _ in ROW.findall(TEXT)}
    batch = make_batch(tiny, [0])
    parts = {"batch": batch, "batch.graph": batch.graph}
    for prefix, part in parts.items():
        tensors = {n for n, value in vars(part).items() if isinstance(value, torch.Tensor)}
        assert {f"{prefix}.{name}" for name in tensors} <= named
