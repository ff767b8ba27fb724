from RestrictedPython import compile_restricted, safe_builtins

ALLOWED = {"__builtins__": safe_builtins, "_getiter_": iter, "_getattr_": getattr}


def evaluate(source, values):
    """The value of `result` after the user's program."""
    scope = dict(ALLOWED, values=values)
    exec(compile_restricted(source, "<user>", "exec"), scope)
    return scope["result"]
