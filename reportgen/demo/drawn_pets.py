"""The demo's data set: drawn pictures of pets in an archive, and the reader of their folder once they are unpacked.

`python -m tools.demo` of the repository draws them. The pictures are WebP by content and .jpg by name, as the layout of
Oxford-IIIT Pet wants it and as some of Oxford's own are not JPEG either.
"""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

from reportgen.errors import InputError
from reportgen.inputs.datasets.labelled_images import LabelledImages
from reportgen.inputs.datasets.oxford_pet import oxford_pet
from reportgen.inputs.options import DataSource

ARCHIVE = Path(__file__).parent / "drawn_pets.zip"


def unpack_drawn_pets(root: Path, archive: Path = ARCHIVE) -> Path:
    """Writes root/oxford-iiit-pet and returns `root`. Files of the same names are replaced, others stay.

    Raises InputError where the archive is missing or damaged; OSError where `root` takes no files.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(root)  # below root, whatever the names in it; each file is held against its checksum
    except (FileNotFoundError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"the demo's images, {archive}",
            found="no such file" if isinstance(error, FileNotFoundError) else f"a damaged archive: {error}",
            expected="the archive that the package was installed with",
            todo="install reportgen again",
        ) from error
    return root


def drawn_pets(source: DataSource) -> LabelledImages:
    """The data set reader: Oxford's layout, under a name that does not claim to be Oxford's photographs."""
    return replace(oxford_pet(source), name="drawn pets")
