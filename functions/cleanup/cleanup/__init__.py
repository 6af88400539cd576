"""Remove what is left of ended couples and erased persons, devices that no push reaches, and slots that hold nobody."""
