class Plugin:
    known = []
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Plugin.known.append(cls)
    def act(self):
        return 0
class One(Plugin):
    def act(self):
        return 1
class Two(Plugin):
    def act(self):
        return 2
for kind in Plugin.known:
    kind().act()
