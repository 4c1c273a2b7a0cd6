"""Candidates for spans that are no exact name: scispaCy's CandidateGenerator and EntityLinker.

Spans are looked up many at a time and remembered by their string: the same string has the same
candidates wherever it stands, so that results do not depend on the sizes of shards and batches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from scipy import sparse

from bali.files import read_json
from bali.linking.store import Store

if TYPE_CHECKING:
    from scispacy.candidate_generation import CandidateGenerator
    from scispacy.linking import EntityLinker

BATCH = 8_192  # strings a query

Candidates = tuple[tuple[str, float], ...]  # CUI and cosine; best first, then by CUI


class CandidateMemory:
    """A scispaCy linker over our knowledge base that remembers its answers by string."""

    def __init__(
        self,
        store: Store,
        *,
        neighbours: int,
        ef_search: int,
        threads: int,
        concepts: Collection[str] | None = None,
    ) -> None:
        """Remember what will be loaded when it is first needed.

        Args:
            store: where it is.
            neighbours: names that the index returns for a string.
            ef_search: width of the index's search.
            threads: of the index's search.
            concepts: those that may be an answer; all, if not given.
        """
        self._store = store
        self._neighbours = neighbours
        self._ef_search = ef_search
        self._threads = threads
        self._concepts = concepts
        self._known: dict[str, Candidates] = {}
        self._linker: EntityLinker | None = None

    @property
    def generator(self) -> CandidateGenerator:
        """The one of scispaCy, which remembers nothing."""
        return self.load().candidate_generator

    def load(self) -> EntityLinker:
        """Load the knowledge base, unless it is loaded.

        Raises:
            InputError: a file of the knowledge base is missing.
        """
        if self._linker is None:
            self._linker = self._load()
        return self._linker

    def _load(self) -> EntityLinker:
        # Imported here because it takes seconds, and most linkers never look a candidate up.
        from scispacy.candidate_generation import CandidateGenerator
        from scispacy.linking import EntityLinker
        from scispacy.linking_utils import KnowledgeBase

        from bali.linking import index, tfidf

        store = self._store
        store.require()
        vectors = sparse.load_npz(store.vectors)
        generator = CandidateGenerator(
            ann_index=index.load(store.index, vectors, self._ef_search, self._threads),
            tfidf_vectorizer=tfidf.load(store.vocabulary, store.idf),
            ann_concept_aliases_list=read_json(store.aliases),
            kb=KnowledgeBase(str(store.entities)),
        )
        return EntityLinker(
            candidate_generator=generator,
            resolve_abbreviations=False,
            k=self._neighbours,
            threshold=0.0,  # the linker applies its own
            no_definition_threshold=0.0,
            filter_for_definitions=False,
            max_entities_per_mention=self._neighbours,
        )

    def __getitem__(self, text: str) -> Candidates:
        """All candidates of a string that was looked up."""
        return self._known[text]

    def look_up(self, texts: Iterable[str]) -> None:
        """Ask for those strings that are not known yet."""
        new = sorted(set(texts).difference(self._known))
        for start in range(0, len(new), BATCH):
            self._ask(new[start : start + BATCH])

    def _ask(self, texts: Sequence[str]) -> None:
        from spacy.tokens import Doc, Span  # loaded with scispaCy: see _load
        from spacy.vocab import Vocab

        # The linker reads the entities of a document, which may not overlap, and asks once a
        # document: so each string is a token and an entity of one made-up document. A new
        # vocabulary each time, or spaCy would keep every string for ever.
        doc = Doc(Vocab(), words=list(texts))
        doc.ents = [Span(doc, i, i + 1, label="SPAN") for i in range(len(texts))]
        for span in self.load()(doc).ents:
            found = [
                (cui, min(score, 1.0))
                for cui, score in span._.kb_ents
                if self._concepts is None or cui in self._concepts
            ]
            self._known[span.text] = tuple(sorted(found, key=lambda c: (-c[1], c[0])))
