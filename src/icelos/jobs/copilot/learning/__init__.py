"""What the copilot learns from its analysts, and what it keeps of them.

feedback -> votes -> priors: the log, what of it teaches, and how that moves documents; replay and teaching
decide what comes into force. Beside these: notes, profiles, saved questions, shift reports, and everything
about one person, to be seen and deleted.
"""
