"""Set up the tests of the measurements: the engines' fixtures are those that all tests share."""

pytest_plugins = ["testing.fixtures"]
