"""React to changes that come through the table's stream."""
