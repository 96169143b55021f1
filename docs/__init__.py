"""Pages of the documentation, and the scripts that make them."""
