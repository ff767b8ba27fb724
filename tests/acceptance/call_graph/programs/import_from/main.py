from helper import work as job, Thing
job()
Thing().go()
