"""One folder a class: ROOT/<split>/<class>/**/<image>, or ROOT/<class>/**/<image> where there is no split folder."""

from pathlib import Path

from reportgen.inputs.labelled_images import DataSource, LabelledImages, Sample, existing_dir


def imagefolder(source: DataSource) -> LabelledImages:
    """Classes are the folders' names in sorted order, an empty folder included; hidden folders are no classes.

    Every file in a class folder is a sample, whatever its ending: one that is no image is listed as unreadable instead
    of vanishing. Hidden files are passed over. Raises InputError when there is no folder or no image.
    """
    root = existing_dir(source.root, "data root")
    split_dir = root / source.split
    if split_dir.is_dir() and any(_is_class(entry) for entry in split_dir.iterdir()):
        root = split_dir
    folders = sorted((entry for entry in root.iterdir() if _is_class(entry)), key=lambda folder: folder.name)
    return LabelledImages(
        name="imagefolder",
        split=source.split,
        classes=tuple(folder.name for folder in folders),
        samples=tuple(
            Sample(sample_id=path.relative_to(root).as_posix(), path=path, label=folder.name)
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
        ),
    )


def _is_class(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith((".", "__"))
