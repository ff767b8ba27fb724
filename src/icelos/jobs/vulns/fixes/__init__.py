"""What fixed releases changed: the vulnerable code of advisories that do not name it."""
