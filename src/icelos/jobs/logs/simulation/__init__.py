"""A made-up organisation and its logs. Knows how people work and what logs look like; nothing of models.

rhythm.py        when people are at it, fitted to real timing (rhythm.npz; benchmarks/logs_rhythm.py)
places.py        towns, clocks, networks        catalogue.py   applications, error codes, policies
organisation.py  people, devices, machines      files.py       what they work on
events.py        what happens, before any row; the door for further streams
today.py         a person's day in the morning  life.py        and what comes of it
work.py          what a burst of work is        machines.py    service accounts and principals
signins.py, directory.py, office365.py, atlassian.py, cef.py   events as rows of each log
kinds.py         the logs by name, and their dirt
shards.py        several processes, one order   simulate.py    all of it into files

    icelos logs simulate --kind all --rows 20000 --users 150 --seed 7 --output logs
"""
