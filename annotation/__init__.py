"""Floor 3: asking people, believing them, crediting them."""
