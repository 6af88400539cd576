"""Encryption of answers: the cipher itself, and the keys."""
