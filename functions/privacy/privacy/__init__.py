"""Export what a person wrote."""
