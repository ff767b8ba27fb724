"""What is new and matters to us: what feeds have brought, joined with the organisation's own targets."""
