"""People: who may sign in, what they may do, and the log of what they did.

Knows nothing of the web or the command line. The owner of the workspace is no user here: whoever can run
the command can read and write the workspace anyway.
"""
