class Singleton(type):
    made = {}
    def __call__(cls, *args):
        if cls not in cls.made:
            cls.made[cls] = super().__call__(*args)
        return cls.made[cls]
class Config(metaclass=Singleton):
    def __init__(self, name):
        self.name = normal(name)
def normal(name):
    return name
Config("a")
Config("b")
