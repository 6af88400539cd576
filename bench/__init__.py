"""Measure what each call and each worker costs in requests, capacity units and round trips.

The counts are the same on every machine, so a count changes only if our code changes. Only `bench.gateway` measures
time: the speed of the push gateway.
"""
