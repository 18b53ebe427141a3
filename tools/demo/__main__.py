"""Makes what `reportgen demo` reads: the archive of drawn pictures, and a net trained on others of their kind."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from reportgen.demo.drawn_pets import ARCHIVE
from tools.demo.pictures import N_TEST, write_archive
from tools.demo.train import N_EPOCHS, N_TRAIN, write_checkpoint


def main(argv: Sequence[str] | None = None) -> None:
    """The archive takes a minute, the checkpoint about six."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--only", choices=("pictures", "checkpoint"), help="one of the two")
    parser.add_argument("--out", type=Path, default=ARCHIVE.parent, help="folder of drawn_pets.zip and tiny_net.pt")
    parser.add_argument("--n-test", type=int, default=N_TEST, help="pictures of each breed (%(default)s)")
    parser.add_argument("--n-train", type=int, default=N_TRAIN, help="training pictures of each breed (%(default)s)")
    parser.add_argument("--n-epochs", type=int, default=N_EPOCHS, help="epochs of training (%(default)s)")
    options = parser.parse_args(argv)
    if options.only != "checkpoint":
        archive = options.out / ARCHIVE.name
        write_archive(archive, n_test=options.n_test)
        print(f"{archive}: {archive.stat().st_size} bytes")
    if options.only != "pictures":
        write_checkpoint(options.out / "tiny_net.pt", n_train=options.n_train, n_epochs=options.n_epochs)


if __name__ == "__main__":
    main()
