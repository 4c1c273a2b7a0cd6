"""Names that are not found though they are there."""

import pytest

from bali.linking.guard import Guard, find_unspecific, looks_like_acronym
from bali.linking.settings import STEPS, Settings, from_config
from bali.linking.variants import Variants

NAMES = ["FALL", "MS", "ms", "IgA", "cold", "disease", "G6PD", "All"]


@pytest.mark.parametrize(
    ("surface", "allowed"),
    [
        ("FALL", True),
        ("fall", False),
        ("falls", False),
        ("FALLs", True),
        ("g6pd", False),
        ("G6PD", True),
        ("ms", True),  # a name writes it like a word
        ("cold", True),
        ("disease", False),
        ("Diseases", False),
        ("disorder", False),
        ("all", False),
        ("severe cold", True),
    ],
)
def test_what_is_allowed(surface, allowed):
    variants = Variants(STEPS, {})
    guard = Guard(find_unspecific(NAMES, variants), variants)
    assert guard.allows(surface) is allowed


def test_acronyms_have_two_capitals_or_one_and_a_digit():
    found = [
        word for word in ("MS", "IgA", "Ca2", "Cold", "cold", "p53") if looks_like_acronym(word)
    ]
    assert found == ["MS", "IgA", "Ca2"]


def test_a_step_that_is_none_is_refused():
    section = {
        "min_characters": 3, "max_words": 1, "max_span_words": 1, "neighbours": 1, "threshold": 0.5,
        "max_candidates": 1, "steps": ["plurals"], "semantic_types": [],
    }  # fmt: skip
    with pytest.raises(Exception, match=r"linking\.steps: 'plurals' is none of letters"):
        from_config(section)
    settings = from_config(section | {"steps": ["plural", "order"]})
    assert isinstance(settings, Settings)
    assert settings.without("plural").steps == ("order",)
