def target(first, second):
    return first() + second()
def m():
    return 1
def n():
    return 2
parts = [m, n]
target(*parts)
