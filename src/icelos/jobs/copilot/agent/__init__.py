"""Questions of several steps, answered with read-only tools: by a model in a loop, or by our own plan."""
