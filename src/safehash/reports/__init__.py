"""A catalog as one page."""
