"""Help tests and measurements: builders, phones, engines, the table in memory, and wires with faults."""
