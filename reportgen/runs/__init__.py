"""The run as a value, its files, its history."""
