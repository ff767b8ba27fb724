def p():
    return 1
def q():
    return 2
for number, function in enumerate([p]):
    function()
for function in reversed([q]):
    function()
