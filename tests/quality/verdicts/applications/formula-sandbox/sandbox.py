from RestrictedPython import compile_restricted, safe_builtins
from RestrictedPython.Eval import default_guarded_getitem, default_guarded_getiter
from RestrictedPython.Guards import safer_getattr

ALLOWED = {
    "__builtins__": dict(safe_builtins, str=str, list=list),
    "_getiter_": default_guarded_getiter,
    "_getitem_": default_guarded_getitem,
    "_getattr_": safer_getattr,
}


def evaluate(source, values):
    """The value of `result` after the user's program."""
    scope = dict(ALLOWED, values=values)
    exec(compile_restricted(source, "<user>", "exec"), scope)
    return scope["result"]
