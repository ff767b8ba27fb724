"""The logs job."""
