"""The graph as KGX TSV with terms of the Biolink Model, as the Knowledge Graph Exchange wants it.

nodes.tsv   id (UMLS:<CUI>), category (several are joined by a pipe), name
edges.tsv   id, subject, predicate, object, relation, original_predicate, knowledge_level,
            agent_type, primary_knowledge_source

The maps below are small on purpose: a category or predicate is named where its definition in the
Biolink Model (https://w3id.org/biolink, release 4.2) says what UMLS says; everything else is
biolink:NamedThing or biolink:related_to. `relation` says it in words and `original_predicate` as
UMLS does, so that nothing is lost. An edge's id is its position in the CSR. An inverse that the
graph stage added is an entailment by software, not an assertion of UMLS, and is marked so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.graph.artifacts import BATCH, Graph, Relation
from bali.graph.nodes import NodeIds
from bali.graph.tsv import TsvWriter, one_line
from bali.log import progress
from bali.semantic_groups import read_semantic_groups
from bali.storage import stream_table

NODE_COLUMNS = ["id", "category", "name"]
EDGE_COLUMNS = [
    *("id", "subject", "predicate", "object", "relation", "original_predicate"),
    *("knowledge_level", "agent_type", "primary_knowledge_source"),
]

NAMED_THING = "NamedThing"
# semantic type -> class; a type outside goes by its group
CATEGORY_OF_TYPE = {
    **dict.fromkeys(("T019", "T020", "T047", "T048", "T049", "T190", "T191"), "Disease"),
    **dict.fromkeys(("T033", "T184"), "PhenotypicFeature"),
    "T046": "DiseaseOrPhenotypicFeature",
    "T023": "GrossAnatomicalStructure",
    "T025": "Cell",
    "T026": "CellularComponent",
    "T028": "Gene",
    "T116": "Polypeptide",
    **dict.fromkeys(("T126", "T192"), "Protein"),
    **dict.fromkeys(("T121", "T195", "T200"), "Drug"),
    "T168": "Food",
    "T005": "Virus",
    "T007": "Bacterium",
    "T004": "Fungus",
    "T002": "Plant",
    "T015": "Mammal",
    "T016": "Human",
    "T044": "MolecularActivity",
    **dict.fromkeys(("T038", "T043", "T045"), "BiologicalProcess"),
    "T201": "ClinicalAttribute",
    "T034": "ClinicalFinding",
}
CATEGORY_OF_GROUP = {
    "ACTI": "Activity",
    "ANAT": "AnatomicalEntity",
    "CHEM": "ChemicalEntity",
    "CONC": "InformationContentEntity",
    "DEVI": "Device",
    "GEOG": "GeographicLocation",
    "PHEN": "Phenomenon",
    "PHYS": "PhysiologicalProcess",
    "PROC": "Procedure",
}

RELATED_TO = "related_to"
PREDICATE_OF_RELA = {
    "isa": "subclass_of",
    "inverse_isa": "superclass_of",
    "part_of": "part_of",
    "has_part": "has_part",
    "regional_part_of": "part_of",
    "has_regional_part": "has_part",
    "constitutional_part_of": "part_of",
    "has_constitutional_part": "has_part",
    "ingredient_of": "part_of",
    "has_ingredient": "has_part",
    "member_of": "member_of",
    "has_member": "has_member",
    "has_finding_site": "located_in",
    "finding_site_of": "location_of",
    "has_location": "located_in",
    "location_of": "location_of",
    "causative_agent_of": "causes",
    "has_causative_agent": "caused_by",
    "cause_of": "causes",
    "due_to": "caused_by",
    "manifestation_of": "manifestation_of",
    "has_manifestation": "has_manifestation",
    "may_treat": "treats_or_applied_or_studied_to_treat",
    "contraindicated_with_disease": "contraindicated_in",
    "has_contraindicated_drug": "has_contraindication",
    "gene_associated_with_disease": "gene_associated_with_condition",
    "disease_has_associated_gene": "condition_associated_with_gene",
    "gene_encodes_gene_product": "has_gene_product",
    "gene_product_encoded_by_gene": "gene_product_of",
    "develops_from": "develops_from",
    "develops_into": "develops_into",
    "regulates": "regulates",
    "regulated_by": "regulated_by",
    "occurs_before": "precedes",
    "occurs_after": "preceded_by",
    "same_as": "close_match",
}
# where RELA is empty: a hierarchy of terms, of which UMLS does not say that it is one of classes
PREDICATE_OF_REL = {
    **dict.fromkeys(("CHD", "PAR", "RB", "RN"), "related_to_at_concept_level"),
    "SY": "close_match",
}


def write_kgx(graph: Graph, semantic_types: Path, folder: Path, *, added: bool = True) -> int:
    """Write nodes.tsv and edges.tsv into `folder`; returns the number of edges.

    Args:
        graph: what to write.
        semantic_types: the table semantic_types, of these concepts.
        folder: where to.
        added: also the inverse edges that the graph stage added.
    """
    nodes = graph.nodes(["cui", "name"])
    curie = pc.binary_join_element_wise("UMLS", nodes["cui"], ":").combine_chunks()
    name = one_line(nodes["name"].combine_chunks())
    category = _categories(graph, nodes["cui"], semantic_types)
    with TsvWriter(folder / "nodes.tsv", NODE_COLUMNS) as out:
        for start in range(0, graph.csr.nodes, BATCH):
            out.write([column.slice(start, BATCH) for column in (curie, category, name)])

    kept = graph.kept(added=added)
    columns = [pa.array(column, pa.string()) for column in _relation_columns(graph.relations)]
    predicate, words, original, level, agent = columns
    with TsvWriter(folder / "edges.tsv", EDGE_COLUMNS) as out:
        for number, edges in progress(graph.edges(), "batches of edges"):
            of = kept[edges.relation]
            kind = pa.array(edges.relation[of])
            out.write(
                [
                    pa.array(number[of]).cast(pa.string()),
                    curie.take(pa.array(edges.source[of])),
                    predicate.take(kind),
                    curie.take(pa.array(edges.target[of])),
                    words.take(kind),
                    original.take(kind),
                    level.take(kind),
                    agent.take(kind),
                    "infores:umls",
                ]
            )
    return out.rows


def _relation_columns(relations: list[Relation]) -> list[list[str]]:
    """By relation id: predicate, words, original predicate, knowledge level, agent type."""
    rows = [
        (
            f"biolink:{predicate_of(kind.rel, kind.rela)}",
            kind.phrase,
            f"UMLS:{kind.rela or kind.rel}",
            "logical_entailment" if kind.added else "knowledge_assertion",
            "automated_agent" if kind.added else "manual_agent",
        )
        for kind in relations
    ]
    return [[row[column] for row in rows] for column in range(5)]


def predicate_of(rel: str, rela: str) -> str:
    """The Biolink predicate of a relation; related_to where the map has none."""
    if rela:
        return PREDICATE_OF_RELA.get(rela, RELATED_TO)
    return PREDICATE_OF_REL.get(rel, RELATED_TO)


def category_of(tui: str, group: str) -> str:
    """The Biolink class of a semantic type; NamedThing where the maps have none."""
    return CATEGORY_OF_TYPE.get(tui) or CATEGORY_OF_GROUP.get(group, NAMED_THING)


def _categories(graph: Graph, cuis: pa.ChunkedArray, path: Path) -> pa.Array:
    """(nodes,) the categories of each node, sorted, joined by a pipe.

    A node's categories are bits of one integer, so that the types can come in any batches.
    """
    groups = read_semantic_groups()
    category = {tui: category_of(tui, group) for tui, group in groups.group_of.items()}
    bits = {name: 1 << place for place, name in enumerate(sorted(set(category.values())))}
    mask = np.zeros(graph.csr.nodes, np.int64)
    ids = NodeIds(cuis, path)
    for batch in stream_table("semantic_types", path, ["cui", "tui"]):
        node = ids.of(batch["cui"], path)
        # a type that a later release of UMLS adds has no category of its own
        tuis = batch["tui"].dictionary_encode()
        bit = np.array(
            [bits[category.get(tui, NAMED_THING)] for tui in tuis.dictionary.to_pylist()], np.int64
        )
        known = node >= 0
        np.bitwise_or.at(mask, node[known], bit[tuis.indices.to_numpy()][known])
    masks, which = np.unique(mask, return_inverse=True)
    names = ["|".join(f"biolink:{n}" for n, bit in bits.items() if m & bit) for m in masks.tolist()]
    text = pa.array([name or f"biolink:{NAMED_THING}" for name in names], pa.string())
    return text.take(pa.array(which))
