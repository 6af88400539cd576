"""Play and check a couple's first ten dates on a stack of its own: `make demo`."""
