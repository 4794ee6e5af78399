"""Floor 4: when, where, how often, how many at once; the command line. Only here: prefect."""
