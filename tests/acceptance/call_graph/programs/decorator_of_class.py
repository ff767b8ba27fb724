REGISTRY = []
def plugin(cls):
    REGISTRY.append(cls)
    return cls
@plugin
class Alpha:
    def go(self):
        return part()
@plugin
class Beta:
    def go(self):
        return 2
def part():
    return 1
for kind in REGISTRY:
    kind().go()
