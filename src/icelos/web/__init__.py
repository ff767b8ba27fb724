"""The console and its API: one static page, server-sent events, sign-in by token, loopback by default.

Knows HTTP, sessions and the page; does not know how answers are made or where knowledge is kept.
Try it: `icelos serve`, then open the link that it prints.
"""
