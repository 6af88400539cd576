"""Run ministack, an emulator of AWS, with the patches that this project's template and its saved data need.

It runs in a Python environment of its own (dependency group `emulator`). Of the project's other modules, it imports
only `local.processes`.
"""
