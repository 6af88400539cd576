"""Pushes: their kinds, texts and payloads, the jobs on the queue, and the queue."""
