"""Mutation testing: small changes to the code, each of which should make a test fail. Run by `make mutants`.

cosmic-ray and mutmut start one pytest for each mutant, which here means importing torch each time, and neither draws a
sample from a seed; so the loop is our own: coverage.py says which tests execute a line, and a fork of a process that
has imported the libraries runs only these.
"""
