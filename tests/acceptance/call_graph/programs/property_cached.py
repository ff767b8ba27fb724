from functools import cached_property
class Data:
    @cached_property
    def rows(self):
        return load()
    def count(self):
        return len(self.rows)
def load():
    return [1]
Data().count()
