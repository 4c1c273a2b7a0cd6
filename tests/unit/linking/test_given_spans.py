"""Concepts of given spans, as `bali linking score` asks for them; worked by hand."""

import pytest

from bali.linking.dictionary import index_names
from bali.linking.documents import Document
from bali.linking.guard import Guard, find_unspecific
from bali.linking.linker import Linker
from bali.linking.settings import STEPS, Settings
from bali.linking.variants import Variants

NAMES = [("C1", "disease", True), ("C2", "kidney failure", True), ("C3", "Crohn disease", True)]


class Memory(dict):
    """Nearest names, known beforehand."""

    def look_up(self, texts) -> None:
        for text in texts:
            self.setdefault(text, ())


def ranked(text, wanted, near=(), without=()):
    """Concepts of one span."""
    steps = tuple(step for step in STEPS if step not in (*without, "candidates"))
    variants = Variants(steps, {})
    columns = tuple(zip(*NAMES, strict=True))
    dictionary, _ = index_names(columns, [], variants, min_characters=3, max_words=9)
    settings = Settings(
        min_characters=3, max_words=9, steps=steps, semantic_types=(), max_span_words=4,
        neighbours=10, threshold=0.8, max_candidates=3,
    )  # fmt: skip
    guard = Guard(find_unspecific(columns[1], variants), variants)
    linker = Linker(dictionary, variants, guard, settings)
    start = text.index(wanted)
    document = Document(1, 1, text, [(0, len(text))])
    span = (start, start + len(wanted))
    return linker.rank(document, [span], 5, Memory({wanted: tuple(near)}))[0]


def test_a_name_comes_before_what_is_near_to_it():
    assert ranked("a kidney failures.", "kidney failures", [("C9", 0.9)]) == ["C2", "C9"]


@pytest.mark.parametrize(
    ("near", "expected"),
    [([("C9", 0.7)], ["C2", "C9"]), ([("C9", 0.9)], ["C9"]), ([], ["C2"])],
    ids=["far", "near", "nothing"],
)
def test_the_name_at_the_end_of_a_span_counts_unless_a_name_is_very_near(near, expected):
    assert ranked("a bad kidney failure.", "bad kidney failure", near) == expected
    assert ranked("a bad kidney failure.", "bad kidney failure", near, ["head"]) == [
        cui for cui, _ in near
    ]


@pytest.mark.parametrize("without", [(), ("guard",)])
def test_a_word_that_names_nothing_alone_is_no_head_whatever_the_steps(without):
    # so that leaving the step guard out says what it does to mentions, and nothing else
    assert ranked("a rare disease.", "rare disease", (), without) == []
    assert ranked("a bad Crohn disease.", "bad Crohn disease", (), without) == ["C3"]
