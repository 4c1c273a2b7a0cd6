"""The settings of one run: `train` of config.yaml, overridden by the run's own keys.

What a run does not use is no mistake here: `train` is what all runs share (`bali/train/unused.py`).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, get_type_hints

from bali.errors import InputError
from bali.model.graph_encoder import ENCODERS, LINEAR
from bali.model.mention_pooling import MENTION_POOLINGS
from bali.model.objectives.contrast import LOSSES
from bali.model.objectives.link import SCORES
from bali.model.objectives.synonyms import MININGS
from bali.model.objectives.temperature import HIGHEST, LOWEST
from bali.model.pooling import NAME_POOLINGS
from bali.model.projection import PROJECTIONS


@dataclass(frozen=True)
class Settings:
    """One run's settings; the keys and their meaning are those of config.yaml, `train`."""

    encoder: str
    layers: int
    heads: int
    dropout: float
    residual: bool
    relations: str
    edges: str
    freeze_graph: bool
    linear_tokens: int
    mention_pooling: str
    name_pooling: str
    hidden_layer: int
    projection: str
    projection_dim: int
    w_mlm: float
    w_align: float
    w_own_name: float
    w_synonyms: float
    w_hierarchy: float
    w_soft: float
    w_link: float
    align_loss: str
    align_mean: str
    temperature: float
    temperature_learnt: bool
    hard_negatives: int
    synonyms_loss: str
    synonyms_mining: str
    synonym_pairs: int
    hierarchy_pairs: int
    hierarchy_siblings: int
    hierarchy_parent: float
    mention_prior: float
    soft_spans: int
    soft_names: int
    link_score: str
    mask_share: float
    mask_mentions: float
    mask_names: float
    batch_size: int
    epochs: int
    lr_lm: float
    lr_rest: float
    weight_decay: float
    warmup_share: float
    warmup_steps: int
    max_grad_norm: float
    precision: str
    compile: bool
    validate_every: int
    probe: int
    export: str

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read and check the settings.

        Raises:
            InputError: no JSON, an unknown or missing key, a value of another type or out of
                range, or values that do not go together.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise InputError(f"--settings: no valid JSON ({error})") from None
        if not isinstance(values, dict):
            raise InputError(f"--settings: {text!r} is no JSON object")
        names = [field.name for field in fields(cls)]
        for problem, keys in (
            ("unknown", [key for key in values if key not in names]),
            ("missing", [name for name in names if name not in values]),
        ):
            if keys:
                raise InputError(f"train.{keys[0]}: {problem} setting; needed: {', '.join(names)}")
        types = get_type_hints(cls)
        settings = cls(**{name: _typed(name, values[name], types[name]) for name in names})
        settings._check()
        return settings

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON takes them."""
        return asdict(self)

    @property
    def weights(self) -> dict[str, float]:
        """Objective -> its weight, of those that have one."""
        weights = {
            name.removeprefix("w_"): weight
            for name, weight in asdict(self).items()
            if name.startswith("w_")
        }
        return {name: weight for name, weight in weights.items() if weight}

    @property
    def reads_sentences(self) -> bool:
        """Some objective reads vectors of sentences; those that draw names or spans do without."""
        return bool(self.w_mlm or self.needs_names)

    @property
    def needs_names(self) -> bool:
        """A step needs names of its concepts."""
        return bool(self.w_align or self.w_own_name or self.w_link)

    @property
    def reads_names(self) -> bool:
        """Some objective reads vectors of names; a linear encoder reads them as words of texts."""
        written = self.encoder in LINEAR
        return bool((self.w_align and not written) or self.w_own_name or self.w_link)

    @property
    def needs_graph(self) -> bool:
        """A step needs neighbours of its concepts."""
        return bool((self.w_align and self.encoder != "none") or self.w_link)

    @property
    def siblings(self) -> int:
        """Hard negatives a concept; none where no objective of the run contrasts with them."""
        return self.hard_negatives if self.w_align or self.w_own_name else 0

    def _check(self) -> None:
        choices = {
            "encoder": ENCODERS,
            "relations": ("none", "embedding"),
            "edges": ("stated", "shuffled"),
            "mention_pooling": MENTION_POOLINGS,
            "name_pooling": NAME_POOLINGS,
            "projection": PROJECTIONS,
            "align_loss": tuple(LOSSES),
            "align_mean": ("pairs", "concepts"),
            "synonyms_loss": tuple(LOSSES),
            "synonyms_mining": MININGS,
            "link_score": tuple(SCORES),
            "precision": ("bf16", "fp32"),
            "export": ("last", "best"),
        }
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed:
                raise InputError(f"train.{name}: {value!r} is none of {', '.join(allowed)}")
        above_zero = (
            "layers heads projection_dim temperature synonym_pairs hierarchy_pairs soft_spans "
            "batch_size epochs lr_lm lr_rest max_grad_norm"
        )
        for name in above_zero.split():
            if getattr(self, name) <= 0:
                raise InputError(f"train.{name}: {getattr(self, name)} must be above 0")
        not_negative = (
            "w_mlm w_align w_own_name w_synonyms w_hierarchy w_soft w_link hard_negatives "
            "hierarchy_siblings hierarchy_parent mention_prior weight_decay warmup_steps "
            "validate_every probe"
        )
        for name in not_negative.split():
            if getattr(self, name) < 0:
                raise InputError(f"train.{name}: {getattr(self, name)} must not be negative")
        for name in "dropout mask_share mask_mentions mask_names warmup_share".split():
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"train.{name}: {getattr(self, name)} must be from 0 to 1")
        if self.dropout == 1:
            raise InputError("train.dropout: 1 would leave nothing; it must be below 1")
        if not self.weights:
            names = ", ".join(f"train.{name}" for name in asdict(self) if name.startswith("w_"))
            raise InputError(f"{names}: all weights are 0, so there is nothing to train")
        if self.soft_names < 2:
            raise InputError(
                f"train.soft_names: {self.soft_names} must be 2 or more, for the likeliest and the "
                "nearest"
            )
        if self.linear_tokens < 3:
            raise InputError(
                f"train.linear_tokens: {self.linear_tokens} must be 3 or more, to hold a token "
                "between [CLS] and [SEP]"
            )
        self._check_contrast()
        if self.w_mlm > 0 and self.mask_share == self.mask_mentions == 0:
            raise InputError(
                "train.mask_share and train.mask_mentions: 0 leaves nothing to predict, but w_mlm "
                f"is {self.w_mlm}; raise one or set w_mlm to 0"
            )

    def _check_contrast(self) -> None:
        if self.synonyms_mining == "hard" and self.synonyms_loss != "multi_similarity":
            raise InputError(
                "train.synonyms_mining: hard is for the synonyms_loss multi_similarity, not "
                f"{self.synonyms_loss}; set it to none"
            )
        if self.temperature_learnt and not LOWEST <= self.temperature <= HIGHEST:
            raise InputError(
                f"train.temperature: {self.temperature}, where it is learnt, must be from {LOWEST} "
                f"to {HIGHEST}"
            )


def _typed(name: str, value: object, kind: type) -> Any:
    """`value` as `kind`; an integer is a number too, but true is no number."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"train.{name}: {value} is no finite number")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"train.{name}: {value!r} is no {kind.__name__}")
    return value
