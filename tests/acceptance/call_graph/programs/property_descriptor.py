class Field:
    def __get__(self, owner, kind):
        return fetch()
    def __set__(self, owner, value):
        keep(value)
class Model:
    name = Field()
def fetch():
    return 1
def keep(value):
    return value
m = Model()
m.name
m.name = 2
