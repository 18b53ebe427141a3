"""How far a map can be trusted: randomisation test, insertion and deletion, localisation, precision; and standing."""
