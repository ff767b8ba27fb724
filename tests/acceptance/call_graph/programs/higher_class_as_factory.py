class Node:
    def __init__(self, value):
        self.value = normal(value)
def normal(value):
    return value
def build(factory, values):
    return [factory(v) for v in values]
build(Node, [1, 2])
