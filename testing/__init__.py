"""What tests and measurements share: builders, phones, engines, the table in memory, and wires with faults."""
