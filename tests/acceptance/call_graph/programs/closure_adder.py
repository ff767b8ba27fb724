def compose(f, g):
    def both(x):
        return f(g(x))
    return both
def inc(x):
    return x + 1
def dbl(x):
    return x * 2
compose(inc, dbl)(3)
