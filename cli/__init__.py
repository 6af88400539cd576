"""The command line of the practice's staff: `./rekindle`."""
