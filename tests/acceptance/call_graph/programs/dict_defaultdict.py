from collections import defaultdict
hooks = defaultdict(list)
def hook():
    return 1
hooks["on"].append(hook)
for function in hooks["on"]:
    function()
