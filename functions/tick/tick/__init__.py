"""The tick: every 5 minutes it puts a job on the queue for each slot that has come since the last one."""
