"""A person's own: what they wrote, to take along."""
