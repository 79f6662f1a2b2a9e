"""Names that are used in ways the search for dead code cannot see (kept short; each with its reason)."""
