"""List files to one table of entries."""
