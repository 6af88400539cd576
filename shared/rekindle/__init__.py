"""The Lambda layer of Rekindle, which gives couples a prompt for each day. All functions share this package."""
