"""Rules of the product: pure functions over frozen values, with time, zones and randomness as arguments."""
