"""The tools that questions are answered with, each built by the registry's name for it (group "tools").

They only read, see what their principal sees, and give facts that can be cited. How they are put to use is
not known here.
"""
