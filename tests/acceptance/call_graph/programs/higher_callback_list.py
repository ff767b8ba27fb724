class Event:
    def __init__(self):
        self.listeners = []
    def listen(self, function):
        self.listeners.append(function)
    def fire(self, *args):
        for one in self.listeners:
            one(*args)
def shown(x):
    return x
def saved(x):
    return shown(x)
event = Event()
event.listen(saved)
event.fire(1)
