"""Rekindle: a daily connection prompt for couples. This package is the Lambda layer that every function shares."""
