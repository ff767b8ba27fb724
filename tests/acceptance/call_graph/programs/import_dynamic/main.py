import importlib
plug = importlib.import_module("plug")
plug.activate()
