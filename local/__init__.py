"""The local stack: the project's own template on an emulator of AWS, beside stand-ins for Google's services."""
