"""`reportgen explain`: one picture, every method."""

from dataclasses import replace
from pathlib import Path

from reportgen.compose.sheet import sheet, sheet_png
from reportgen.deliver.writing import write_files
from reportgen.errors import InputError
from reportgen.evaluate.device import compute
from reportgen.evaluate.trial import trial_run_on
from reportgen.explain.attributions import refuse_unexplainable
from reportgen.explain.one_picture import explain_picture
from reportgen.inputs.images.reading import UnreadableImageError, read_crop
from reportgen.inputs.names import nfc
from reportgen.inputs.notes import read_notes
from reportgen.inputs.run_inputs import read_model_alone
from reportgen.options import RunOptions
from reportgen.pipeline.read_appearance import read_appearance
from reportgen.render.html.page import sheet_html


def explain_one(options: RunOptions, image: Path, *, label: str | None, out_dir: Path) -> tuple[Path, ...]:
    """The comparison sheet of one picture of no data set: <image>.explained.html and .png in `out_dir`.

    Of `options` the data set is not looked at. `label` is the true class where it is known. Raises ReportgenError.
    """
    appearance = read_appearance(options.report.templates, options.theme)
    inputs = read_model_alone(options.inputs)
    on = compute(options.compute.device, options.compute.precision)
    try:
        crop, _ = read_crop(image, inputs.facts.preprocessing)
    except UnreadableImageError as error:
        raise InputError(
            f"image {image}",
            found=str(error).partition("; ")[0],  # the rest is advice for an image of a data set
            expected="an image that can be decoded",
            todo="convert or restore it, or name another file",
        ) from error
    inputs = trial_run_on(inputs, [crop], on)
    refuse_unexplainable(inputs, options.explain)
    picture = explain_picture(inputs, crop, label=nfc(label) if label else None, on=on, options=options.explain)
    notes = replace(read_notes(inputs.facts.own_notes), language=options.report.lang[0])
    made = sheet(
        picture,
        image_name=image.name,
        facts=inputs.facts,
        notes=notes,
        options=options.explain,
        appearance=appearance,
    )
    files = {
        f"{image.stem}.explained.html": sheet_html(made).encode(),
        f"{image.stem}.explained.png": sheet_png(made),
    }
    return write_files(out_dir, files)
