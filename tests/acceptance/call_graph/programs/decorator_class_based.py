class Counted:
    def __init__(self, function):
        self.function = function
        self.count = 0
    def __call__(self, *args):
        self.bump()
        return self.function(*args)
    def bump(self):
        self.count += 1
@Counted
def compute(x):
    return inner(x)
def inner(x):
    return x * 2
compute(4)
