"""Counts, from the table's stream, what the practice may know of all couples together."""
