"""A store to records; the only place with processes and SQLite."""
