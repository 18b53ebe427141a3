"""What only this repository needs: it is in the sdist and not in the wheel."""
