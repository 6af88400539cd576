"""React to changes of the table, which come through its stream."""
