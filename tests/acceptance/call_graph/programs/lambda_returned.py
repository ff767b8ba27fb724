def scaler(k):
    return lambda v: scale(k, v)
def scale(k, v):
    return k * v
scaler(2)(3)
