"""Reactions to what the table's stream tells."""
