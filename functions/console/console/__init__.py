"""Serves the console: the page on which the practice's staff write, release and follow prompt packs."""
