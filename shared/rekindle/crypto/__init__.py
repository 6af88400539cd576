"""Encrypt answers, and manage the keys for it."""
