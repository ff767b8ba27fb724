HANDLERS = {}
def register(name):
    def keep(function):
        HANDLERS[name] = function
        return function
    return keep
@register("add")
def add(a, b):
    return a + b
@register("mul")
def mul(a, b):
    return a * b
def run(name, a, b):
    return HANDLERS[name](a, b)
run("add", 1, 2)
run("mul", 1, 2)
