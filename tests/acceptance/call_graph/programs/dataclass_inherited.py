from dataclasses import dataclass
@dataclass
class Base:
    hook: object
    def fire(self):
        return self.hook()
@dataclass
class More(Base):
    tail: object = None
    def both(self):
        self.fire()
        return self.tail()
def h():
    return 1
def t():
    return 2
More(h, t).both()
