"""The tick: runs every 5 minutes, and enqueues a job for each slot since the last tick."""
