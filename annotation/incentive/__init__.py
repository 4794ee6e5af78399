"""What the answers of a person are worth: measured against gold and peers, and paid by what was measured."""
