def deep():
    return 1
def other():
    return 2
config = {"a": {"run": deep}, "b": {"run": other}}
config["a"]["run"]()
config["b"]["run"]()
