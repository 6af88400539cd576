"""What each call and each worker costs: DynamoDB requests, capacity units, KMS calls and round trips, counted.

Counts are the same on every machine, so a change in one is a change of ours. No clock is read but by `bench.gateway`,
which times the push gateway beside others.
"""
