"""Readers: from bytes of a source to records. One file a format."""
