def plus():
    return 1
def minus():
    return 2
OPS = {
    "+": lambda: plus(),
    "-": lambda: minus(),
}
OPS["+"]()
OPS["-"]()
