"""The archive of bundles."""
