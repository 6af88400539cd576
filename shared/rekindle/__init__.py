"""The package that all Lambda functions of Rekindle share. Rekindle gives each couple a prompt for each day."""
