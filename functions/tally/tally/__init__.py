"""Statistics of all couples together, counted from the table's stream."""
