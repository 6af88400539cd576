"""Set up the tests of the measurements with the engines' fixtures."""

pytest_plugins = ["testing.fixtures"]
