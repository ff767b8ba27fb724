"""The mail job."""
