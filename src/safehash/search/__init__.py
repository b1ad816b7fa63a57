"""Digests to rows within a radius; the only door to faiss."""
