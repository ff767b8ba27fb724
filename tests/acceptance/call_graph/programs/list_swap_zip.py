def up(v):
    return v
def down(v):
    return -v
for function, value in zip([up, down], [1, 2]):
    function(value)
