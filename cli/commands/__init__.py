"""The commands: each reads what it was told, lets the client do it, and shows a page."""
