"""Remove what is left after a couple has ended, and devices that no push reaches."""
