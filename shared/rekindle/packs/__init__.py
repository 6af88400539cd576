"""A pack's document: reading, checking and its lifecycle."""
