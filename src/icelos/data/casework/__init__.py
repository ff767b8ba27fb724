"""What people do about findings: who has one, what is said of it, how it ended, what it repeats."""
