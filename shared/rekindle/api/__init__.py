"""Handle HTTP for every API: find the caller, answer requests, and report problems."""
