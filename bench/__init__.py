"""Measure what each call and each worker costs in requests, capacity units and round trips.

The counts are the same on every machine. A count changes only if our code, a library or the emulator changes. Only
`bench.gateway` measures time: it measures the speed of the push gateway.
"""
