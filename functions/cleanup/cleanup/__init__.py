"""Remove what is left after a couple has ended."""
