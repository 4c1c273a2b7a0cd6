"""What a run sets itself must do something in it; what it inherits may not."""

import json
from dataclasses import fields
from typing import Any

import pytest
import torch
from test_train_run import load_data_of
from tiny_training import SETTINGS, TinyInputs

from bali.train.build import build_aligner
from bali.train.loop import Trainer
from bali.train.settings import Settings
from bali.train.unused import NEEDS, OFF, in_vain, unused

MLM = {"w_align": 0.0}
SYNONYMS = {"w_align": 0.0, "w_mlm": 0.0, "w_synonyms": 1.0}
# Another value of each setting that some runs do not read.
OTHER: dict[str, dict[str, Any]] = {
    "encoder": {"encoder": "sage"},
    "layers": {"layers": 3},
    "heads": {"heads": 1},
    "dropout": {"dropout": 0.3},
    "residual": {"residual": False},
    "relations": {"relations": "embedding"},
    "edges": {"edges": "shuffled"},
    "freeze_graph": {"freeze_graph": True},
    "linear_tokens": {"linear_tokens": 8},
    "mention_pooling": {"mention_pooling": "cls"},
    "projection": {"projection": "linear"},
    "projection_dim": {"projection_dim": 7},
    "align_loss": {"align_loss": "infonce"},
    "align_mean": {"align_mean": "concepts"},
    "temperature": {"temperature": 0.5},
    "temperature_learnt": {"temperature_learnt": True},
    "hard_negatives": {"hard_negatives": 2},
    "synonyms_loss": {"synonyms_loss": "infonce"},
    "synonyms_mining": {"synonyms_mining": "hard"},
    "synonym_pairs": {"synonym_pairs": 3},
    "hierarchy_pairs": {"hierarchy_pairs": 3},
    "hierarchy_siblings": {"hierarchy_siblings": 0},
    "hierarchy_parent": {"hierarchy_parent": 0.5},
    "mention_prior": {"mention_prior": 1.0},
    "soft_spans": {"soft_spans": 3},
    "soft_names": {"soft_names": 7},
    "link_score": {"link_score": "transe"},
    "mask_share": {"mask_share": 0.9},
    "mask_mentions": {"mask_mentions": 0.9},
    "mask_names": {"mask_names": 0.9},
}
RUNS: dict[str, dict[str, Any]] = {
    "gat": {},
    "sage": {"encoder": "sage"},
    "linear": {"encoder": "linear-v2"},
    "names-only": {"encoder": "none"},
    "mlm-only": MLM,
    "synonyms-only": SYNONYMS,
    "own-name": {**MLM, "w_own_name": 1.0},
    "link": {**MLM, "w_link": 1.0},
    "hierarchy": {**SYNONYMS, "w_synonyms": 0.0, "w_hierarchy": 1.0},
    "soft": {**SYNONYMS, "w_synonyms": 0.0, "w_soft": 1.0},
    "multi-similarity": {"align_loss": "multi_similarity", "projection": "mlp"},
    "siblings": {"encoder": "none", "hard_negatives": 1},
}


def mistakes(own: dict[str, Any], train: dict[str, Any] = SETTINGS) -> list[str]:
    return list(in_vain(train, {"mine": own}))


def test_a_setting_of_the_runs_own_that_does_nothing_is_named_with_what_it_needs():
    assert mistakes({**SYNONYMS, "heads": 4}) == [
        "runs.mine.heads: 4 does nothing in this run; it needs w_align above 0 and encoder gat; "
        "take it out, or set it under train for all runs"
    ]
    assert mistakes({"encoder": "sage", "relations": "embedding", "edges": "shuffled"}) == [
        "runs.mine.relations: 'embedding' does nothing in this run; it needs w_align above 0 and "
        "encoder gat; take it out, or set it under train for all runs"
    ]


def test_what_a_run_inherits_is_no_mistake():
    train = SETTINGS | {"relations": "embedding", "hard_negatives": 2, "edges": "shuffled"}
    for own in RUNS.values():
        assert mistakes(own, train) == []
        Settings.from_json(json.dumps(train | own))


def test_a_run_may_switch_off_what_train_has_on():
    train = SETTINGS | {"relations": "embedding", "projection": "mlp", "hard_negatives": 2}
    off = {"relations": "none", "projection": "none", "hard_negatives": 0, "encoder": "none"}
    assert mistakes({**SYNONYMS, **off}, train) == []
    assert {name: SETTINGS[name] for name in off}.keys() <= OFF.keys()


def test_only_settings_that_every_run_reads_are_not_in_the_table():
    always = {name for name in SETTINGS if name.startswith("w_")}
    always |= {"name_pooling", "hidden_layer"}  # of what is exported
    always |= set("batch_size epochs lr_lm lr_rest weight_decay warmup_share warmup_steps".split())
    always |= set("max_grad_norm precision compile validate_every probe export".split())
    assert {field.name for field in fields(Settings)} - NEEDS.keys() == always
    assert OTHER.keys() == NEEDS.keys()


def course(tiny: TinyInputs, changes: dict[str, Any]) -> list[float]:
    """Losses of two steps with the model and the data that these settings ask for."""
    settings = Settings.from_json(json.dumps(SETTINGS | changes))
    data = load_data_of(tiny, settings)
    torch.manual_seed(0)
    aligner = build_aligner(tiny.lm, settings, data.relations)
    run = Trainer(aligner, data, settings, torch.device("cpu"))
    return [run.step(data.at(done), done)[0]["loss"] for done in range(2)]


@pytest.mark.parametrize("name", RUNS)
def test_the_table_is_true_of_every_setting_in_many_runs(tiny: TinyInputs, name: str):
    base = RUNS[name]
    plain = course(tiny, base)
    of_run = unused(SETTINGS | base)
    for setting, change in OTHER.items():
        if setting in base:
            continue
        changed = course(tiny, base | change)
        assert (changed == plain) == (setting in of_run), setting
    assert torch.isfinite(torch.tensor(plain)).all()
