"""How the registry's tables became what they are: one step a file, in order. Door to Alembic."""
