"""What senders are known by: small sketches of how each writes, kept as hashes and counts."""
