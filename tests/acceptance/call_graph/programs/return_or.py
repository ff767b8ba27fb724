def fallback():
    return 1
def chosen(given=None):
    action = given or fallback
    return action()
chosen()
