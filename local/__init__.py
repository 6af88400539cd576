"""Run the project's template locally, on an emulator of AWS and with stand-ins for Google's services."""
