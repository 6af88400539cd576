"""A pack's document: reading, checking and its life until couples see it."""
