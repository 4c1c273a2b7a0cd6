"""200 damaged files: each is refused by one line, counted as set aside, or read without a loss.

The judges are other readers: gzip for the container, expat for the XML.
"""

import gzip
import json
import random
import signal
import zlib
from xml.parsers import expat

import damage
import pytest

from bali.storage import read_table

FILES = 100  # of each kind
SECONDS = 20  # for one file; more is a hang

RECORDS = [
    """<PubmedArticle><MedlineCitation><PMID Version="{v}">{n}</PMID><DateRevised><Year>2020</Year>
<Month>1</Month><Day>2</Day></DateRevised><Article><Journal><JournalIssue><PubDate>
<MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue><Title>J{n}</Title></Journal>
<ArticleTitle>H<sub>2</sub>O &amp; {n}: \u03b2 &lt; 1</ArticleTitle><Abstract>
<AbstractText Label="AIM">Why &#945; not.</AbstractText>
<AbstractText><![CDATA[a < b]]></AbstractText></Abstract><Language>eng</Language>
<PublicationTypeList><PublicationType>Review</PublicationType>
</PublicationTypeList></Article><MeshHeadingList><MeshHeading><DescriptorName UI="D1">A
</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="doi">10.1/{n}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>""",
    """<PubmedBookArticle><BookDocument><PMID Version="{v}">{n}</PMID><Book>
<BookTitle>B{n}</BookTitle></Book><Language>eng</Language></BookDocument></PubmedBookArticle>""",
]
XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" '
    '"https://dtd.nlm.nih.gov/x.dtd">\n<PubmedArticleSet>\n'
    + "\n".join(RECORDS[n % 5 == 0].format(n=n, v=1 + n % 2) for n in range(1, 13))
    + '\n<!-- the end --><DeleteCitation><PMID Version="1">3</PMID><PMID Version="1">77</PMID>'
    "</DeleteCitation></PubmedArticleSet>\n"
).encode()
KINDS = ("PubmedArticle", "PubmedBookArticle", "MedlineCitation")


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one thing done to them, at a place that is drawn."""
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice((1, 2, 8, 60, 900)))
    other = rng.randrange(len(data))
    kind = rng.randrange(8)
    if kind < damage.KINDS:
        return damage.damaged(kind, data, at, end, rng)
    match kind:
        case 5:
            return data[:at] + data[other : other + 60] + data[at:]
        case 6:
            tag = rng.choice([b"PMID", b"PubmedArticle", b"MedlineCitation", b"Article", b"Title"])
            return data.replace(
                tag, tag[:-1] + bytes([rng.choice(b"xX>& ")]), rng.choice((1, 2, 99))
            )
        case _:
            return data + rng.choice((b"\0\0", b"x", data, data[:20], b"<a/>"))


def records_by_expat(xml: bytes) -> int | None:
    """The number of articles and books below the root; None where the XML is broken."""
    depth = found = 0

    def start(name, _):
        nonlocal depth, found
        found += depth == 1 and name in KINDS
        depth += 1

    def end(_):
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        return None
    return found


def unpacked(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error):
        return None


def hang(*_):
    raise TimeoutError(f"more than {SECONDS} s")


@pytest.fixture
def alarm():
    """A hang ends in an error."""
    before = signal.signal(signal.SIGALRM, hang)
    yield lambda: signal.alarm(SECONDS)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("what", ["xml", "gz"])
def test_no_damage_is_a_traceback_a_hang_or_a_silent_loss(
    what, tmp_path, capsys, pubmed_file, documents_step, article, renew_md5, alarm
):
    good = pubmed_file("good", article(1001, "sound"))
    path = tmp_path / "damaged.xml.gz"
    outcomes = {"refused": 0, "read": 0}
    for seed in range(FILES):
        rng = random.Random(f"{what} {seed}")
        if what == "xml":
            path.write_bytes(gzip.compress(damaged(XML, rng), mtime=0))
        else:
            path.write_bytes(damaged(gzip.compress(XML, mtime=0), rng))
        renew_md5(path)
        folder = f"{what}{seed}"
        alarm()
        code = documents_step(path, good, folder=folder)
        message = capsys.readouterr().err
        assert code in (0, 2), (seed, message)
        content = unpacked(path.read_bytes())
        if code == 2:
            outcomes["refused"] += 1
            assert message.startswith(f"bali: error: {path}: "), (seed, message)
            assert message.count("\n") == 1 and "Traceback" not in message
            assert not list((tmp_path / folder).iterdir())
            assert documents_step(path, good, folder=folder, set_aside=True) == 0
        else:
            outcomes["read"] += 1
            assert content is not None, seed
            assert what == "xml" or content == XML, seed
        counts = json.loads((tmp_path / folder / "documents.counts.json").read_text())
        files, documents = counts["tables"]["files"], counts["tables"]["documents"]
        table = read_table("documents", tmp_path / folder / "documents.parquet")
        assert (files["read"], files["kept"]) == (2, 2 if code == 0 else 1)
        assert documents["read"] == documents["kept"] + sum(n for _, n in documents["dropped"])
        assert table.num_rows == documents["kept"]
        assert 1001 in table["pmid"].to_pylist()  # the sound file goes on
        if code == 2:
            assert documents["kept"] == 1
            assert [line.split(":")[0] for line in counts["facts"]["set_aside"]] == [path.name]
        else:
            assert documents["read"] == 1 + records_by_expat(content), seed
    assert outcomes["refused"] >= FILES // 2 and outcomes["read"] >= 5, outcomes
