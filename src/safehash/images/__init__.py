"""Bytes to pixels and how they came about; the only door to the image decoders."""
