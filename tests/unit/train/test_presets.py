"""Presets: every run's settings are read, and they are what they say."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bali.config import mistakes
from bali.errors import InputError
from bali.model.source import hub_repository
from bali.report.roles import role
from bali.train.settings import Settings
from paths import REPOSITORY

PRESETS = Path(REPOSITORY, "workflow/presets")


def merged(*presets: str) -> dict[str, Any]:
    """config.yaml and presets as Snakemake merges them: dicts merge, all else is replaced."""
    config: dict[str, Any] = {}
    for path in (Path(REPOSITORY, "config.yaml"), *(PRESETS / name for name in presets)):
        update(config, yaml.safe_load(path.read_text()))
    return config


def update(old: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            update(old[key], value)
        else:
            old[key] = value


def settings(config: dict[str, Any], run: str) -> Settings:
    return Settings.from_json(json.dumps({**config["train"], **config["runs"][run]}))


@pytest.mark.parametrize(
    "presets",
    [
        ["ablation.yaml"],
        ["paper.yaml"],
        ["gold.yaml"],
        ["paper.yaml", "ablation.yaml"],
        ["gold.yaml", "aligned.yaml"],
    ],
)
def test_a_preset_fits_the_schema_and_each_of_its_runs_is_read(presets: list[str]):
    config = merged(*presets)
    schema = Path(REPOSITORY, "workflow/schemas/config.schema.yaml")
    assert list(mistakes(config, schema)) == []
    for run in config["run_set"]:
        assert settings(config, run).weights


def test_the_ablation_has_every_control_once():
    config = merged("ablation.yaml")
    roles = [role(run, config) for run in config["run_set"]]
    assert sorted(set(roles)) == sorted(["graph", "names", "synonyms", "mlm", "shuffled", "frozen"])
    encoders = [settings(config, run).encoder for run in ("gat", "sage", "linear", "names-only")]
    assert encoders == ["gat", "sage", "linear-v1", "none"]
    assert roles.count("graph") == 3


def test_a_control_differs_from_the_graph_run_in_what_it_controls_alone():
    config = merged("ablation.yaml")
    gat = settings(config, "gat").as_dict()
    differs = {
        run: {key for key, value in settings(config, run).as_dict().items() if value != gat[key]}
        for run in config["run_set"]
    }
    assert differs == {
        "gat": set(),
        "sage": {"encoder"},
        "linear": {"encoder"},
        "names-only": {"encoder"},
        "synonyms-only": {"w_align", "w_mlm", "w_synonyms", "synonyms_mining"},
        "mlm-only": {"w_align", "w_mlm"},
        "shuffled-edges": {"edges"},
        "frozen-graph": {"freeze_graph"},
    }


def test_the_published_run_is_that_of_the_method():
    # method.md, sections 2 and 4
    run = settings(merged("paper.yaml"), "gat")
    assert (run.encoder, run.layers, run.heads, run.dropout, run.residual) == (
        *("gat", 5, 2, 0.1),
        False,
    )
    assert run.weights == {"mlm": 1.0, "align": 1.0}
    assert (run.align_loss, run.temperature, run.temperature_learnt) == ("ntxent", 0.07, False)
    assert (run.batch_size, run.epochs, run.lr_lm, run.lr_rest) == (256, 10, 2e-5, 1e-4)
    assert (run.weight_decay, run.warmup_share, run.warmup_steps) == (0.01, 0.1, 10_000)
    assert (run.mask_share, run.mask_mentions, run.mask_names) == (0.15, 0, 0)
    assert (run.mention_pooling, run.name_pooling, run.hidden_layer) == ("mean", "mean", -1)
    assert (run.align_mean, run.projection, run.hard_negatives) == ("pairs", "none", 0)
    assert (run.relations, run.edges, run.freeze_graph) == ("none", "stated", False)
    config = merged("paper.yaml")
    assert (config["graph"]["fan_out"], config["graph"]["mentioned_hops"]) == ([3], 1)
    assert config["umls"]["suppressed"] == []
    pairs = config["pairs"]
    assert (pairs["max_tokens"], pairs["name_tokens"]) == (128, 32)
    assert (pairs["max_sentences"], pairs["max_per_concept"]) == (1_500_000, None)
    assert (config["run_set"], config["seeds"]) == (["gat"], [29])


def test_the_published_baselines_are_rows_that_wait_for_their_commits():
    models = merged("paper.yaml")["evaluate"]["models"]
    assert {name: model["pooling"] for name, model in models.items()} == {
        "bali-pubmedbert": "mean",
        "bali-biolinkbert": "mean",
        "bali-biolinkbert-large": "mean",
        "sapbert": "cls",
        "coder": "mean",
        "gebert": "cls",
    }
    for name, model in models.items():
        with pytest.raises(InputError, match=rf"^{name}\.revision None: hf:\S+ needs the commit"):
            hub_repository(model["source"], model["revision"], name)
        assert hub_repository(model["source"], "0" * 40) == model["source"].removeprefix("hf:")
