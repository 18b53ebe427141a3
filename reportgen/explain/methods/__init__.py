"""Attribution methods, one module a family, and the registry of their names."""
