"""Data sets: readers of labelled images. One module for each layout; each returns `labelled_images.LabelledImages`."""
