"""Provide the command line for the practice's staff: `./rekindle`."""
