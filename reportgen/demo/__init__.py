"""The embedded default: drawn pets and a tiny trained checkpoint; a first report needs no data and no network."""
