"""Which names are variants of each other, step by step."""

import pytest

from bali.errors import InputError
from bali.linking.dictionary import key_of
from bali.linking.variants import STEPS, Variants, read_equivalents
from bali.linking.words import words_of

TABLE = {"renal": "kidney", "tumor": "neoplasm", "neoplasia": "neoplasm", "disorder": "disease"}
EQUAL = [
    ("letters", "\u03b2-thalassemia", "beta-thalassemia"),
    ("letters", "Sj\u00f6gren syndrome", "Sjogren syndrome"),
    ("possessive", "Down's syndrome", "Down syndrome"),
    ("possessive", "Crohn\u2019s disease", "Crohn disease"),
    ("spelling", "haemophilia", "hemophilia"),
    ("spelling", "brain tumour", "brain tumor"),
    ("spelling", "oesophageal oedema", "esophageal edema"),
    ("spelling", "generalised seizure", "generalized seizure"),
    ("spelling", "leukaemia", "leukemia"),
    ("plural", "kidney diseases", "kidney disease"),
    ("plural", "bone metastases", "bone metastasis"),
    ("plural", "deficiencies", "deficiency"),
    ("plural", "carcinomata", "carcinoma"),
    ("plural", "abscesses", "abscess"),
    ("numeral", "diabetes type II", "diabetes type 2"),
    ("derived", "hypertensive", "hypertension"),
    ("derived", "ischemic", "ischemia"),
    ("derived", "cirrhotic", "cirrhosis"),
    ("equivalent", "renal disease", "kidney disease"),
    ("equivalent", "lung neoplasia", "lung tumor"),
    ("order", "cancer of the breast", "breast cancer"),
    ("order", "Cancer, breast", "breast cancer"),
]


@pytest.mark.parametrize(("step", "one", "other"), EQUAL)
def test_each_step_makes_equal_what_it_says_and_no_other_step_does(step, one, other):
    everything = Variants(STEPS, TABLE)
    assert key_of(one, everything) == key_of(other, everything)
    rest = Variants([s for s in STEPS if s != step], TABLE)
    assert key_of(one, rest) != key_of(other, rest)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypotension", "hypertension"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("vitamin D deficiency", "vitamin D excess"),
        ("cancer with pain", "cancer without pain"),
        ("renal virus", "renal viru"),  # -us is no plural
        ("sclerosis", "sclerosi"),
        ("abscess", "absces"),
    ],
)
def test_different_names_stay_different(one, other):
    variants = Variants(STEPS, TABLE)
    assert key_of(one, variants) != key_of(other, variants)


def looser(name, steps=STEPS):
    variants = Variants(steps, TABLE)
    words = words_of(name, [(0, len(name))])
    return set(variants.looser(name, words, variants.keys(name, words)))


def keys(*names):
    return {key_of(name, Variants(STEPS, TABLE)) for name in names}


def test_proper_names_stand_without_their_head():
    assert keys("Lesch-Nyhan") <= looser("Lesch-Nyhan syndrome")
    assert keys("von Willebrand") <= looser("von Willebrand disease")
    assert not keys("connective tissue") & looser("connective tissue disease")
    assert not keys("connective tissue") & looser("CONNECTIVE TISSUE DISEASE")
    assert not keys("Wilson") & looser("Wilson disease")  # a word alone is too little
    assert looser("Lesch-Nyhan syndrome", ["general"]) == set()


def test_the_first_of_numbered_types_stands_for_all():
    first = looser("myotonic dystrophy type 1")
    assert first == keys("myotonic dystrophy") == looser("myotonic dystrophy 1")
    assert looser("myotonic dystrophy type 2") == set()
    assert looser("protein 1") == set()


def test_less_exact_heads_stand_for_a_disease_of_the_same_place():
    assert keys("renal injury", "kidney damage") <= looser("kidney disease")
    assert keys("lung symptoms", "lung disease") <= looser("lung system disorder")
    assert looser("kidney disease", ["short"]) == set()


def test_the_table_of_equivalent_words_is_read():
    found = read_equivalents()
    assert found["renal"] == "kidney"
    assert not set(found) & set(found.values()), "a word that stands for others stands for itself"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n", "line 1"),
        ("word\tstands_for\na\n", "line 2"),
        ("word\tstands_for\na\tb\na\tc\n", "line 3"),
        ("word\tstands_for\na\t\n", "line 2"),
    ],
)
def test_a_table_of_another_shape_names_the_line(tmp_path, text, message):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_equivalents(tmp_path / "t.tsv")
