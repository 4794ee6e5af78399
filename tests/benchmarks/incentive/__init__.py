"""Figures of incentive scoring: `real`, `simulate` and `speed`, each a command of its own."""
