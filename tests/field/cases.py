"""What each public situation must end in, from the column "expected" of the log beside the scripts.

Where a row allows more than one end ("used, or named"), this is the one that was chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Expected:
    """`says`: patterns that the output must match; `never`: patterns that it must not. Case does not count."""

    code: int = 0
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    largest_mb: int | None = None


def right(*says: str, never: tuple[str, ...] = ()) -> Expected:
    """Exit 0 and every image right; the models of these cases are right by construction."""
    return Expected(says=(r"accuracy 100(\.0)? ?%", *says), never=never)


def refused(*says: str, code: int = 3, never: tuple[str, ...] = ()) -> Expected:
    """Exit `code`, before anything was evaluated."""
    return Expected(code=code, says=says, never=(r"evaluate: done", *never))


CASES: Mapping[str, Expected] = {
    "01": refused("Git LFS pointer", "git lfs pull", never=("running code",)),
    "02": Expected(code=3, says=("Git LFS pointer", "git lfs pull"), never=("not an image",)),
    "03": refused("train", "val", "--split"),
    "04": right(never=("crop",)),
    "05": right(),
    "06": Expected(says=(r"criterion\.weight",)),
    "07": Expected(code=3, says=("6 of 12", "link")),
    "09": right(),
    "10": right(),
    "11": right("passed over"),
    "12": Expected(code=3, says=("HEIC", "convert"), never=("not an image",)),
    "13": right(),
    "14": refused("255", code=2),
    "15": Expected(says=("probabilities",)),
    "16": Expected(says=("TorchScript",), never=("copy the file anew",)),
    "17": Expected(says=("exported program",), never=("copy the file anew",)),
    "18": Expected(),
    "19": Expected(),
    "20": Expected(says=("grey",), never=("give the crop",)),
    "21": Expected(says=(r'"resize_px": ?248|"resize": ?248', "bicubic")),
    "22": Expected(says=("gradient",)),
    "23": right(),
    "24": Expected(largest_mb=1300),
    "25": Expected(),
    "26": refused("ม", "ว", "แ", "font", code=5),  # a font for Japanese has Hangul, DejaVu the cat
    "27": Expected(),
    "28": right("shared memory"),
    "29": right("12 of 12", "passed over"),
    "30": refused("blue", "permission"),
    "31": refused("meta"),
    "32": Expected(),
    "33": right(),
    "34": Expected(code=143, says=("stopped",)),
    "35": Expected(code=6, says=("No space left", "--resume takes it over")),
    "36": Expected(),
    "37": Expected(says=("sigmoid",)),
    "38": Expected(says=("verify 0",)),
    "39": Expected(),
    "40": Expected(says=(r"copy\.png",)),
    "41": refused("n02123045", "tabby", "rename"),
    "42": right(),
    "43": right(),
    "45": refused(r"backslash|\\"),
    "46": refused("'red '"),
    "47": Expected(code=5, says=("died",)),
    "48": refused("UTF-8"),
    "50": right(never=("names no classes",)),
    "51": Expected(code=130, says=("verdict.json",)),
    "52": right(),
    "53": Expected(),
    "55": Expected(),
}
