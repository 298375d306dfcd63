"""Short exposures in the reader's own notebook: design, timing, and the statistics of a session."""
