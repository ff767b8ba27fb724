def checked(method):
    def inner(self, value):
        self.check(value)
        return method(self, value)
    return inner
class Box:
    def check(self, value):
        return value
    @checked
    def put(self, value):
        return self.finish(value)
    def finish(self, value):
        return value
Box().put(2)
