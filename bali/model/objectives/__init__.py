"""The objectives: each a term of the loss with a weight and a name of its own."""
