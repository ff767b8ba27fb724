try:
    from fast_version_that_is_missing import parse
except ImportError:
    from slow import parse
parse("x")
