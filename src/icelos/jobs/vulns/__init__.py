"""The vulns job."""
