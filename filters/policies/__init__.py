"""Shipped policies, as data: one TOML file each."""
