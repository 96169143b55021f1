"""What the rules need to know of a session: its configuration and sheet, the code of its jobs, and how its runs start and end."""
