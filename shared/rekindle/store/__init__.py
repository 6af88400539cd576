"""Store the entities in the main table. Most modules store one entity, and have a method for each access pattern.

Conditions of writes enforce the invariants. `keys` makes the table's keys, and `stream` reads the table's changes.
`docs/table.md` lists every entity and access pattern.
"""
