"""Serve the practice's staff on the command line: `./rekindle`."""
