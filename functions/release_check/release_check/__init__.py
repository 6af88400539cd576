"""Call each new version of a function with sample events, before the version gets real calls."""
