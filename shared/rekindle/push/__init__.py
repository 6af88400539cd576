"""Define the kinds, texts and payloads of pushes, and the jobs that ask for pushes."""
