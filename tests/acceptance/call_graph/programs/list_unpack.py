def first():
    return 1
def second():
    return 2
pair = (first, second)
x, y = pair
x()
y()
