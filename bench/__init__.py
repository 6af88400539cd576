"""Measure what each call and each worker costs in requests, capacity units and round trips.

Counts are the same on every machine, so a changed count comes from a change of ours. Only `bench.gateway` reads a
clock: it measures the speed of the push gateway.
"""
