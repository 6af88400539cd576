"""Builders, phones, engines, the table in memory and wires with faults: shared by tests and measurements."""
