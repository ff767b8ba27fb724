from functools import reduce
def join(a, b):
    return a + sep() + b
def sep():
    return "-"
reduce(join, ["a", "b", "c"])
