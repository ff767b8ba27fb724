"""Syslog over the network: framing, a spool on disk that keeps what came, and the source that reads it."""
