"""Filters that remove noise, streaks and detector lag."""
