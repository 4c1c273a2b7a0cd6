"""Stage graph: nodes, adjacency in CSR form, sampled subgraphs."""
