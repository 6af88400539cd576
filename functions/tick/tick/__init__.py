"""Every 5 minutes, enqueue push jobs for the slots that have come since the previous tick."""
