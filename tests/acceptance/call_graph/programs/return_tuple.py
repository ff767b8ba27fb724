def pair():
    return left, right
def left():
    return 1
def right():
    return 2
l, r = pair()
l()
r()
