"""Encrypt answers, and manage the keys."""
