"""Shipped packs, as data: one TOML file each."""
