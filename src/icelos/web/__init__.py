"""The console and its API: one static page, server-sent events, sign-in by token, loopback by default."""
