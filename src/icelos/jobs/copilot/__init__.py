"""The copilot job."""
