"""Cases, metrics, gates and reports. Knows how to measure, not how anything measured works."""
