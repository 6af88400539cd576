"""Remove what is left after a couple has ended, devices that no push reaches, and slots that hold nobody."""
