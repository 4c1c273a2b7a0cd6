"""A run's settings: each mistake is one line that names the key."""

import json
from pathlib import Path

import pytest
import yaml
from tiny_training import SETTINGS

from bali.errors import InputError
from bali.train.settings import Settings
from paths import REPOSITORY


def test_settings_of_the_shipped_config_are_read():
    config = yaml.safe_load(Path(REPOSITORY, "config.yaml").read_text())
    for run in config["runs"].values():
        settings = Settings.from_json(json.dumps({**config["train"], **run}))
        assert settings.as_dict() == {**config["train"], **run}


def test_names_are_read_alone_unless_a_linear_encoder_alone_has_them_in_its_texts():
    def reads(**changes: object) -> bool:
        return Settings.from_json(json.dumps(SETTINGS | changes)).reads_names

    assert reads()
    assert reads(encoder="none")
    assert not reads(encoder="linear-v1")
    assert reads(encoder="linear-v1", w_own_name=1.0)
    assert reads(encoder="linear-v2", w_link=1.0)
    assert not reads(w_align=0.0)


def test_a_whole_number_is_a_number():
    assert Settings.from_json(json.dumps({**SETTINGS, "w_align": 1})).w_align == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 1}, "train.learning_rate: unknown setting"),
        ({"layers": 2.5}, "train.layers: 2.5 is no int"),
        ({"layers": True}, "train.layers: True is no int"),
        ({"residual": 1}, "train.residual: 1 is no bool"),
        ({"lr_lm": "3e-5"}, "train.lr_lm: '3e-5' is no float"),
        (
            {"encoder": "gcn"},
            "train.encoder: 'gcn' is none of gat, sage, linear-v1, linear-v2, none",
        ),
        ({"linear_tokens": 2}, "train.linear_tokens: 2 must be 3 or more"),
        ({"soft_names": 1}, "train.soft_names: 1 must be 2 or more"),
        ({"name_pooling": "max"}, "train.name_pooling: 'max' is none of mean, cls"),
        ({"batch_size": 0}, "train.batch_size: 0 must be above 0"),
        ({"w_mlm": -1}, "train.w_mlm: -1.0 must not be negative"),
        ({"mask_share": 1.5}, "train.mask_share: 1.5 must be from 0 to 1"),
        ({"dropout": 1}, "train.dropout: 1 would leave nothing"),
        ({"w_mlm": 0, "w_align": 0}, r"train.w_mlm, .*train.w_own_name.*all weights are 0"),
        ({"align_loss": "triplet"}, "train.align_loss: 'triplet' is none of ntxent"),
        ({"align_mean": "rows"}, "train.align_mean: 'rows' is none of pairs, concepts"),
        ({"hard_negatives": -1}, "train.hard_negatives: -1 must not be negative"),
        ({"synonym_pairs": 0}, "train.synonym_pairs: 0 must be above 0"),
        ({"synonyms_mining": "soft"}, "train.synonyms_mining: 'soft' is none of none, hard"),
        (
            {"synonyms_mining": "hard", "synonyms_loss": "ntxent"},
            "train.synonyms_mining: hard is for the synonyms_loss multi_similarity, not ntxent",
        ),
        ({"link_score": "complex"}, "train.link_score: 'complex' is none of transe"),
        ({"temperature_learnt": True, "temperature": 2}, "train.temperature: 2.0, where it is"),
        ({"mask_share": 0}, "train.mask_share and train.mask_mentions: 0 leaves nothing"),
        ({"temperature": float("nan")}, "train.temperature: nan is no finite number"),
    ],
)
def test_a_mistake_is_named(change, message):
    with pytest.raises(InputError, match=message):
        Settings.from_json(json.dumps({**SETTINGS, **change}))


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match=r"train\.heads: missing setting"):
        Settings.from_json(json.dumps({k: v for k, v in SETTINGS.items() if k != "heads"}))


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InputError, match="--settings"):
        Settings.from_json(text)
