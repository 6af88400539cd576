"""Reactions to changes in the table's stream."""
