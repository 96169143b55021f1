"""Filters of other papers that ours are measured against, where no package has them."""
