"""HTTP at the edge: callers, problems and replies."""
