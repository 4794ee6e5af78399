"""Floor 2: moving data. Reading, stages, deduplication, ledger."""
