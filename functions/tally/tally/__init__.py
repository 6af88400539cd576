"""Read the table's stream, and count statistics of all couples together."""
