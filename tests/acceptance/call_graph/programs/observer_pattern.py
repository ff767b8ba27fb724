class Subject:
    def __init__(self):
        self._all = set()
    def attach(self, one):
        self._all.add(one)
    def notify(self):
        for one in self._all:
            one.update(self)
class Screen:
    def update(self, subject):
        return self.paint()
    def paint(self):
        return 1
s = Subject()
s.attach(Screen())
s.notify()
