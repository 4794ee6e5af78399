"""What somebody asks to have removed: what names it, where it stands, until when, and what was decided."""
