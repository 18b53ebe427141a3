"""What the program can do, each command from its stages: the only modules that know all stages."""
