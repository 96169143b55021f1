"""Numbers that compare results with references."""
