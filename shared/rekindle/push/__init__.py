"""Pushes: the fixed catalogue of what a phone may show, the queue's jobs, and the way onto the queue."""
