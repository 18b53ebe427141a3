"""The command line: arguments, clock and exit codes."""
