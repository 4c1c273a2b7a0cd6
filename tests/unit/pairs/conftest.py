"""A tokeniser whose vocabulary a reader knows by heart, and a corpus builder."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizerFast

from bali.storage import from_columns, write_table
from bali.tables import TABLES

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a of and with heart attack flu cough fever naive ##like ##s . - , x y z".split()


@pytest.fixture(scope="session")
def toy_lm(tmp_path_factory) -> Path:
    """A model folder with a lower-casing, accent-stripping WordPiece tokeniser."""
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("lm")
    BertTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    return folder


def words(input_ids: list[int]) -> list[str]:
    """The tokens of the toy vocabulary."""
    return [[*SPECIAL, *WORDS][token] for token in input_ids]


@dataclass
class Corpus:
    """Files of one shard after the other, from sentences with the mentions that they hold."""

    folder: Path
    shards: list[str] = field(default_factory=list)
    kept: list[tuple[int, int, str]] = field(default_factory=list)

    def add_shard(self, documents, drop=()):
        """Add {pmid: [(sentence, [(text, cui, method, score, rank), ...]), ...]}; version is 1.

        A mention stands where its text first occurs in its sentence. `drop`: PMIDs not kept.
        """
        shard = f"{len(self.shards) + 1:04d}"
        self.shards.append(shard)
        rows = {name: [] for name in ("documents", "sentences", "mentions")}
        for pmid, sentences in sorted(documents.items()):
            texts = [text for text, _ in sentences]
            rows["documents"].append(
                {"title": texts[0], "abstract": " ".join(texts[1:]), "pmid": pmid, "version": 1}
            )
            start = 0
            for number, (text, mentions) in enumerate(sentences):
                key = {"pmid": pmid, "version": 1, "sentence": number}
                rows["sentences"].append({**key, "start": start, "end": start + len(text)})
                for mention, cui, method, score, rank in mentions:
                    at = start + text.index(mention)
                    rows["mentions"].append(
                        {**key, "start": at, "end": at + len(mention), "text": mention}
                        | {"cui": cui, "method": method, "score": score, "rank": rank}
                    )
                start += len(text) + 1
            if pmid not in drop:
                self.kept.append((pmid, 1, shard))
        blank = {"sections": [], "languages": ["eng"], "journal": "", "year": None, "mesh": []}
        blank |= {"date": "", "revised": "", "publication_types": [], "retracted": False}
        blank |= {"doi": "", "pmc": "", "source": "x.xml.gz"}
        rows["documents"] = [{**row, **blank} for row in rows["documents"]]
        rows["mentions"].sort(key=lambda m: (m["pmid"], m["start"], m["end"], m["rank"]))
        for table, of_table in rows.items():
            self._write(table, of_table, self.folder / shard / f"{table}.parquet")

    def write_graph(self, names):
        """Write nodes, names and kept; `names`: {cui: [names]}."""
        cuis = sorted(names)
        nodes = [
            {"node": n, "cui": c, "name": names[c][0], "degree": 0} for n, c in enumerate(cuis)
        ]
        self._write("nodes", nodes, self.folder / "nodes.parquet")
        rows = [
            {"cui": cui, "name": name, "sab": "X", "tty": "PT", "preferred": False}
            for cui in cuis
            for name in sorted(names[cui])
        ]
        self._write("names", rows, self.folder / "names.parquet")
        kept = [{"pmid": p, "version": v, "shard": s} for p, v, s in sorted(self.kept)]
        self._write("kept", kept, self.folder / "kept.parquet")

    @staticmethod
    def _write(table, rows, path):
        columns = {name: [row[name] for row in rows] for name in TABLES[table].columns}
        write_table(table, from_columns(table, columns), path)

    def command(self, lm: Path, *flags: str) -> list[str]:
        """The command line; later flags win over earlier ones."""
        words = ["pairs", "tokens"]
        for table in ("documents", "sentences", "mentions"):
            words += [f"--{table}", *(f"{self.folder}/{s}/{table}.parquet" for s in self.shards)]
        words += ["--shards", *self.shards, "--kept", f"{self.folder}/kept.parquet"]
        words += ["--nodes", f"{self.folder}/nodes.parquet"]
        words += ["--names", f"{self.folder}/names.parquet", "--lm", str(lm)]
        words += "--max-tokens 32 --name-tokens 8 --methods exact candidate".split()
        words += "--min-score 0.9 --validation-share 0 --seed 29".split()
        words += ["--out-dir", f"{self.folder}/out", "--log", f"{self.folder}/log"]
        return [*words, "--counts", f"{self.folder}/out/tokens.counts.json", *flags]


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """An empty corpus in its own folder."""
    return Corpus(tmp_path)


@pytest.fixture(scope="session")
def to_words():
    """The function `words`: tests cannot import a conftest."""
    return words
