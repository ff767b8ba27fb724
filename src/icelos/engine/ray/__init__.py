"""Runs on the machines of a Ray cluster (the extra "ray"): jobs live in actors there, the run loop here."""
