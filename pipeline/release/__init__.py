"""Releases: what runs kept, put together for training, with manifest, evidence and a tree of digests over all files."""
