"""Data that other machines keep: objects of a store (S3 and its like), rows of PostgreSQL."""
