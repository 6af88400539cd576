"""Reseal the texts of version 0.1.0 with their authors' keys."""
