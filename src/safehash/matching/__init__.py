"""One upload to one `Decision`."""
