"""Runs a job over a source into a sink. Knows batches, failures and counts; nothing of what is scored."""
