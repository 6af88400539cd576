"""Call each new version of a function with sample events, before it gets any real calls."""
