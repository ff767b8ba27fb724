"""The five jobs. They do not import each other; they meet in findings and in the knowledge store."""
