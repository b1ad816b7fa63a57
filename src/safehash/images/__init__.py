"""Bytes to pixels and how they came about; the only place where an upload meets a decoder."""
