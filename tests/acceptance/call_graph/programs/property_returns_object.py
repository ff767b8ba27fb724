class Inner:
    def act(self):
        return 1
class Outer:
    @property
    def inner(self):
        return Inner()
Outer().inner.act()
