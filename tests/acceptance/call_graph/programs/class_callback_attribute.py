class Button:
    def __init__(self, action):
        self.action = action
    def press(self):
        return self.action()
def one():
    return 1
def two():
    return 2
Button(one).press()
Button(two).press()
