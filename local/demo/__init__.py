"""`make demo`: a couple's first ten dates on a stack of its own, with every step checked."""
