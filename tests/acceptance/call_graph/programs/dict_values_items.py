def left():
    return 1
def right():
    return 2
table = {"l": left}
table.update({"r": right})
for name, function in table.items():
    function()
for function in table.values():
    function()
