"""The page from tiny inputs: what it says, what it escapes, what it loads, its bytes."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
from report_inputs import (
    HOSTILE,
    SETTINGS,
    command,
    flags_for,
    metrics,
    write_inputs,
    write_json,
    write_shard,
)

from bali.__main__ import main
from bali.report.examples import choose_examples
from bali.report.shards import Shard, kept_in
from bali.report.statistics import mention_statistics
from bali.storage import read_table

OUTPUTS = [
    *("index.html", "results.csv", "differences.csv"),
    *("losses.svg", "dropped.svg", "accuracy.svg"),
]


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, source):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def inputs(tmp_path):
    write_inputs(tmp_path)
    return tmp_path


@pytest.fixture
def arguments(inputs):
    return flags_for(inputs)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with inputs and outputs, which tests leave as they are."""
    folder = tmp_path_factory.mktemp("report")
    write_inputs(folder)
    assert main(command(flags_for(folder))) == 0
    return folder


@pytest.fixture(scope="module")
def page(made):
    return Page((made / "index.html").read_text())


def test_accuracies_stand_in_page_and_csv(page, made):
    # means of the credits in report_made.CREDIT
    expected = {"exact": 0.25, "base": 0.25, "gat": 0.875, "names-only": 0.5}
    with (made / "results.csv").open() as stream:
        found = {
            row["run"]: float(row["value"])
            for row in csv.DictReader(stream)
            if (row["split"], row["metric"]) == ("test", "acc@1")
        }
    assert found == expected
    assert list(found) == ["exact", "base", "gat", "names-only"]
    for label, percent in (("base LM", "25.0"), ("gat", "87.5"), ("names-only", "50.0")):
        assert f"{label} {percent}" in page.text


def test_differences_answer_what_the_graph_and_the_names_add(page, made):
    with (made / "differences.csv").open() as stream:
        found = {
            (row["left"], row["right"]): float(row["difference"])
            for row in csv.DictReader(stream)
            if row["metric"] == "acc@1"
        }
    assert found == {
        ("gat", "names-only"): 0.375,
        ("gat", "base LM"): 0.625,
        ("names-only", "base LM"): 0.25,
    }
    assert "What the graph adds to names: gat minus names-only is +37.5 points" in page.text


def test_tested_gains_over_controls_are_shown_where_there_are_pairs(page, inputs, arguments):
    shown = "ncbi refined acc@1 gat names-only 257 70.0 68.0 +2.1 \N{MINUS SIGN}1.1 to +5.2 0.4000"
    assert shown in page.text
    assert "ncbi seen acc@5" not in page.text  # describes; it stands in the table
    table = inputs / "controls.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    assert main(command(arguments)) == 0
    without = Page((inputs / "index.html").read_text())
    assert "Against the controls" in page.text and "Against the controls" not in without.text


def test_the_filters_losses_of_all_shards_are_summed(page):
    assert "corpus.documents documents 20 language 2 suppressed 4 14" in page.text


def test_graph_and_mention_statistics_are_counted(page):
    for claim in (
        "Knowledge graph 2023AB (3 concepts, 1 relations)",
        "degree, mean 1.00",
        "concepts without neighbours 1",
        "components 4,321",  # stated by the step that has the arrays
        "CHD isa is a kind of 1",
        "by method candidate 2",  # chosen ones alone
        "sentences with a mention 2 (50.0 %)",
        "concepts mentioned 2",
    ):
        assert claim in page.text


def test_mentions_are_marked_in_their_sentences(page):
    marks = [mark for mark in page.all("mark") if "title" in mark]
    assert [mark["title"] for mark in marks] == [f"C0000001 {HOSTILE}", "C0000002 Cough"] * 2
    shown = "cough C0000002 Cough, 0.93 🌡 hurt."
    assert page.text.count(shown) == 2


def test_names_are_escaped(page, made):
    assert HOSTILE in page.text
    assert not page.all("script")
    assert "Fish &amp; &lt;script&gt;" in (made / "index.html").read_text()


def test_the_page_loads_nothing(page):
    assert not page.all("link") and not page.all("script")
    assert len(page.all("img")) == 6
    for image in page.all("img"):
        assert image["src"].startswith("data:image/svg+xml;base64,")
        assert image["alt"]
    assert not re.search(r"url\(|@import", str(page.all("style")))


def test_every_table_has_a_caption(page):
    assert len(page.all("table")) == len(page.all("caption")) > 5


def test_the_same_inputs_give_the_same_bytes(made, inputs, arguments):
    assert main(command(arguments)) == 0
    for name in OUTPUTS:
        assert (inputs / name).read_bytes() == (made / name).read_bytes(), name


def shards_of(folder):
    kept = read_table("kept", folder / "kept.parquet")
    tables = ("mentions", "sentences", "documents")
    return [
        Shard(*(folder / f"{n}.{table}.parquet" for table in tables), kept_in(kept, str(n)))
        for n in (1, 2)
    ]


def test_a_record_that_a_later_shard_replaced_is_neither_counted_nor_shown(inputs):
    before = mention_statistics(shards_of(inputs))
    write_shard(inputs, 2, pmid=101)  # a stale copy: kept names shard 1 for this record
    stale = mention_statistics(shards_of(inputs))
    assert (before.mentions, before.sentences, before.linked) == (4, 4, 2)
    assert (stale.mentions, stale.sentences, stale.linked) == (2, 2, 1)
    assert [e.key.pmid for e in choose_examples(shards_of(inputs), 9, seed=1)] == [101]


def test_the_draw_of_examples_goes_by_the_seed_and_not_by_the_shards(made):
    shards = shards_of(made)
    drawn = [choose_examples(shards, 1, seed) for seed in range(8)]
    assert {example.key.pmid for (example,) in drawn} == {101, 102}
    assert [choose_examples(shards[::-1], 1, seed) for seed in range(8)] == drawn


def test_seeds_of_a_run_are_averaged_by_concept(inputs, arguments):
    second = write_json(inputs / "second.json", metrics("gat", [0.0, 1.0, 1.0, 0.5], seed=30))
    main(command(arguments | {"--metrics": [*arguments["--metrics"], str(second)]}))
    with (inputs / "results.csv").open() as stream:
        row = next(r for r in csv.DictReader(stream) if r["run"] == "gat")
    assert (row["seeds"], float(row["value"])) == ("2", 0.75)


def test_runs_over_other_concepts_are_refused(inputs, arguments, capsys):
    cuis = ("C0000001", "C0000002", "C0000003", "C0000009")
    other = write_json(inputs / "zzz.json", metrics("gat", [1.0] * 4, cuis=cuis))
    flags = arguments | {"--metrics": [*arguments["--metrics"], str(other)]}
    assert main(command(flags)) == 2
    assert "zzz.json: other held-out names" in capsys.readouterr().err
    assert not (inputs / "index.html").exists()


def test_shards_that_do_not_pair_up_are_refused(arguments, capsys):
    assert main(command(arguments | {"--sentences": arguments["--sentences"][:1]})) == 2
    assert "2, 1, 2 files for 2 names; give one of each" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_config_that_is_no_json_object_is_refused(arguments, capsys, text):
    assert main(command(arguments | {"--config": [text]})) == 2
    assert capsys.readouterr().err.startswith("bali: error: --config: ")


def test_a_missing_input_is_named(inputs, arguments, capsys):
    (inputs / "gat.history.json").unlink()
    assert main(command(arguments)) == 2
    assert "gat.history.json: no such file" in capsys.readouterr().err


def test_settings_stand_at_the_end(page):
    assert json.dumps(SETTINGS["runs"]["mlm-only"])[1:-1] in page.text
