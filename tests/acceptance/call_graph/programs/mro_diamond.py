class Root:
    def ping(self):
        return "root"
class Left(Root):
    def ping(self):
        return "left" + super().ping()
class Right(Root):
    def ping(self):
        return "right" + super().ping()
class Bottom(Left, Right):
    def ping(self):
        return super().ping()
Bottom().ping()
