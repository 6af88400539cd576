"""Count statistics of all couples together from the table's stream."""
