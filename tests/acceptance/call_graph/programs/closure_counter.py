def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return show(n)
    return step
def show(n):
    return n
c = counter()
c()
