def mix(a, b, /, c, *, d):
    return a() + b() + c() + d()
def w():
    return 1
def x():
    return 2
def y():
    return 3
def z():
    return 4
mix(w, x, y, d=z)
