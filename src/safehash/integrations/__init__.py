"""safehash behind interfaces of others."""
