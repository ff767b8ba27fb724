"""Documents to chunks to an index to hits. Knows access and versions; does not know how answers are made."""
