"""The model: pooling, graph encoder, losses, and the base LM as an artifact."""
