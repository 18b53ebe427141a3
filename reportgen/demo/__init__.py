"""The embedded default: drawn pets and a tiny trained checkpoint; a first report needs no data and no network.

Both are made by `python -m tools.demo` of the repository.
"""
