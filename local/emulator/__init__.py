"""ministack, with what it lacks to run this project's template truthfully and to keep its data.

Runs in an environment of its own (dependency group `emulator`), so nothing here imports the rest of the project.
Each module amends one part of ministack at start; `MissingSeamError` says when a new version no longer fits.
"""
