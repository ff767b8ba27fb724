def make(functions):
    made = []
    for one in functions:
        def call(function=one):
            return function()
        made.append(call)
    return made
def red():
    return 1
def blue():
    return 2
for entry in make([red, blue]):
    entry()
