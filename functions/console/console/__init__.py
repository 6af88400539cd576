"""Serve the console, the page on which the practice's staff write and publish prompt packs."""
