"""Public feeds into the workspace: fetched with ETags, checked, replaced atomically, their age shown."""
