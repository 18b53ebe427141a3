"""One folder per class: ROOT/<split>/<class>/**/<image>, or ROOT/<class>/**/<image> where there is no split folder."""

from collections import Counter
from pathlib import Path

from reportgen.errors import InputError
from reportgen.inputs.datasets.folders import PassedOverCounts, entries, files_below
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample, existing_dir
from reportgen.inputs.datasets.splits import refuse_splits, refuse_splits_in_classes
from reportgen.inputs.names import as_text, nfc
from reportgen.inputs.options import DataSource


def imagefolder(source: DataSource) -> LabelledImages:
    """Classes are the folders' names in sorted order, an empty folder included.

    As in torchvision's ImageFolder, links are followed and images may lie at any depth below their class. Other than
    there, every file in a class folder is a sample, whatever its ending: one that is no image is listed as unreadable
    instead of vanishing; and what systems and programs leave (`passed_over`), what is hidden, links that lead back to a
    folder above and files beside the class folders are passed over and counted. Raises InputError when there is no
    folder or no image, a folder cannot be read, a class folder is a link to nothing, or ROOT holds splits and not the
    one that is asked for.
    """
    counts: PassedOverCounts = Counter()
    root = existing_dir(source.root, "data root")
    folders = _class_folders(root, counts)
    asked = next((folder for folder in folders if folder.name == source.split), None)
    counts_inside: PassedOverCounts = Counter()
    inside = _class_folders(asked, counts_inside) if asked else []
    if asked and inside:
        root, folders, counts = asked, inside, counts_inside
    else:
        refuse_splits(root, source.split, {folder.name: _contents(folder) for folder in folders})
    samples = tuple(
        Sample(sample_id=as_text(path.relative_to(root).as_posix()), path=path, label=nfc(as_text(folder.name)))
        for folder in folders
        for path in files_below(folder, counts)
    )
    refuse_splits_in_classes(root, [sample.path.relative_to(root).parts for sample in samples])
    return LabelledImages(
        name="imagefolder",
        split=source.split,
        classes=tuple(dict.fromkeys(nfc(as_text(folder.name)) for folder in folders)),
        samples=samples,
        passed_over=dict(sorted(counts.items())),
    )


def _class_folders(root: Path, counts: PassedOverCounts) -> list[Path]:
    """The folders in `root`, sorted; files beside them are counted."""
    folders = []
    for path, is_folder in entries(root, counts):
        if is_folder:
            folders.append(path)
        elif path.is_symlink() and not path.exists():
            raise InputError(
                f"link {path}",
                found=f"it leads to {path.readlink()}, which is not there",
                expected="a class folder, or a file that can be read",
                todo="fetch what it leads to, or remove the link",
            )
        else:
            counts["beside"] += 1
    return folders


def _contents(folder: Path) -> tuple[int, int]:
    """(folders, files) in `folder`."""
    kinds = [is_folder for _, is_folder in entries(folder, Counter())]
    return sum(kinds), len(kinds) - sum(kinds)
