"""Export of what a person wrote."""
