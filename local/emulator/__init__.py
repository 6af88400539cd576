"""Run ministack, an emulator of AWS, with the patches that this project's template and its saved data need.

The emulator runs in a Python environment of its own (dependency group `emulator`). From the rest of the project, its
modules import only `local.processes`.
"""
