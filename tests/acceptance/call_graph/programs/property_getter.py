class Circle:
    def __init__(self, r):
        self.r = r
    @property
    def area(self):
        return compute(self.r)
def compute(r):
    return r * r
Circle(2).area
