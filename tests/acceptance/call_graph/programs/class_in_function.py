def build(tag):
    class Local:
        def name(self):
            return label(tag)
    return Local()
def label(tag):
    return tag
build("x").name()
