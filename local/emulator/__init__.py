"""Run ministack, an emulator of AWS, with the patches that this project needs.

The emulator runs in a Python environment of its own (dependency group `emulator`). This package imports only
`local.processes` from the rest of the project.
"""
