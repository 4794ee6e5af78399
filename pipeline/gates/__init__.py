"""The gates of a release: what must hold before anything stands under its name."""
