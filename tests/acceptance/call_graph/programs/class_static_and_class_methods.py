class Maker:
    @classmethod
    def create(cls):
        made = cls()
        made.set_up()
        return made
    @staticmethod
    def helper():
        return 1
    def set_up(self):
        return self.helper()
class Special(Maker):
    def set_up(self):
        return Maker.helper()
Maker.create()
Special.create()
