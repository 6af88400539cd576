"""Remove everything that is left after a couple has ended."""
