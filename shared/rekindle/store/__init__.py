"""The single table: one file for each entity, one method for each access pattern, invariants as conditions.

`keys` has all keys, and `stream` reads the table's changes. `docs/table.md` lists every entity and access pattern.
"""
