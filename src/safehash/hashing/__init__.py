"""Pixels to `Hash`: the value, the algorithms, the orientations of a digest, batches."""
