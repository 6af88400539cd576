"""HTTP at the edge: who calls, what is refused, and how a reply looks."""
