"""Stage 4, explain: what each example rested on. Front door: `attributions.explain`, which returns `Attributions`."""
