"""The hook that calls each new version with the sample events before couples do."""
