"""The command line. A command reads settings, calls one public function and prints; nothing else.

Heavy libraries are imported inside commands, so that `icelos --help` stays quick.
"""
