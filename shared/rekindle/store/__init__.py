"""The single table: one module for keys, one method for each access pattern, invariants as conditions.

`docs/table.md` lists every entity with its key, its access patterns and their capacity units.
"""
