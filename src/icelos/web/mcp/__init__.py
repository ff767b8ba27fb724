"""Icelos for assistants that speak the Model Context Protocol: tools, resources and prompts, read-only.

Over standard streams (`icelos mcp`) and over HTTP (/mcp of the console). The protocol is the `mcp` package's,
which is imported when first used; here is only what is said through it. Knows nothing of how tools work.
"""
