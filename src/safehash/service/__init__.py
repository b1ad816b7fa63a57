"""Decisions over HTTP: our own interface, the one of the field's matching service, and a validator of uploads."""
