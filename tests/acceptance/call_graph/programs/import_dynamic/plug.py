def activate():
    return real()
def real():
    return 1
