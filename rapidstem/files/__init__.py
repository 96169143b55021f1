"""Reading and writing: frame stacks, images, volumes, tables."""
