"""Sources of text: which papers each must have, what a sample of it found, and whether it may be used."""
