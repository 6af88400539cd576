"""Enqueue push jobs every 5 minutes for the slots that have come since the last tick."""
