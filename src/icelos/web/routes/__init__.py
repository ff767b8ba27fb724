"""The routes, a file per group. Handlers are sync and run in the thread pool."""
