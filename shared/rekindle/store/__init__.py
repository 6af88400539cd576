"""Store all entities in one table. There is one module for each entity, and one method for each access pattern.

Conditions of writes enforce the invariants. `keys` has all keys, and `stream` reads the table's changes.
`docs/table.md` lists every entity and access pattern.
"""
