"""List files of every exchange's format to entries; one file a format."""

from .reading import ListReader, read_list
from .sniffing import FORMATS, Format, sniff

__all__ = ["FORMATS", "Format", "ListReader", "read_list", "sniff"]
