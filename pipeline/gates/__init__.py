"""The gates of a release: what must hold before anything stands under its name."""

from pipeline.gates.evaluation import evaluate
from pipeline.gates.finding import Finding

__all__ = ["Finding", "evaluate"]
