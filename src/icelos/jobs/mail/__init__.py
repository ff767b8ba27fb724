"""The mail job.

NOTE TO HELPER 7: another engineer (mail) writes this room, src/icelos/cli/mail.py, tests/unit/jobs/mail and
tests/acceptance/test_mail.py from 22:43 on. Do the core tests instead (tests/unit/engine, data, cli, ...).
"""
