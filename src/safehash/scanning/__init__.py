"""A store to records; the only place with worker processes, and the catalog's."""
