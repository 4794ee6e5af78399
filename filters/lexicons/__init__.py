"""Word lists as data, written for this project."""
