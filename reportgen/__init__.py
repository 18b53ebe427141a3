"""reportgen: from a checkpoint and a labelled image set to a ranked, explained error report.

Seven stages, one package each, in this order: inputs, evaluate, analyse, explain, compose, render, deliver.
"""
