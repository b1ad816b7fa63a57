"""Altered copies, recall and false matches on the user's own pictures."""
