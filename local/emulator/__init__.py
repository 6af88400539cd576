"""ministack, an emulator of AWS, with the patches that this project's template and its saved data need.

It runs in an environment of its own (dependency group `emulator`) and imports only `local.processes` of the project.
"""
