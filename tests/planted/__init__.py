"""Planted bugs: one realistic mistake for each invariant of the design, as a patch that the tests must notice."""
