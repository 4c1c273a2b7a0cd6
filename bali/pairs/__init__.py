"""Stage pairs: tokenised sentences whose mentions know their tokens and nodes."""
