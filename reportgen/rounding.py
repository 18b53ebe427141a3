"""Floating-point tolerance: when two numbers are told and judged as one."""

SAME = 1e-9  # sums of floats end in other last digits than the decimal that a person writes as a limit
