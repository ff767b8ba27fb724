class Old:
    def _get(self):
        return 1
    def _set(self, v):
        note(v)
    x = property(_get, _set)
def note(v):
    return v
o = Old()
o.x
o.x = 2
