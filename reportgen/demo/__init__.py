"""The embedded default: drawn pets and a tiny trained checkpoint, so that a first report needs no data and no network."""
