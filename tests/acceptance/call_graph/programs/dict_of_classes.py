class Circle:
    def draw(self):
        return 1
class Square:
    def draw(self):
        return 2
KINDS = dict(circle=Circle, square=Square)
def draw(name):
    return KINDS[name]().draw()
draw("circle")
draw("square")
