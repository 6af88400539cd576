"""Play and check a couple's first ten dates on a temporary stack: `make demo`."""
