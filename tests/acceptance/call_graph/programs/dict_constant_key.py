def used():
    return 1
def unused():
    return 2
TABLE = {"a": used, "b": unused}
TABLE["a"]()
