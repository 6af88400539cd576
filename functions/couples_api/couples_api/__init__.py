"""Serve the API that phones call."""
