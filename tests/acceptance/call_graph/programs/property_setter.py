class Temp:
    def __init__(self):
        self._v = 0
    @property
    def value(self):
        return self._v
    @value.setter
    def value(self, new):
        self._v = self.check(new)
    def check(self, new):
        return new
t = Temp()
t.value = 3
t.value
