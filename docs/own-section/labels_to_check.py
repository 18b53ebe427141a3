"""A section of one's own: a list for whoever checks the labels."""

from dataclasses import dataclass
from pathlib import Path

from reportgen.compose.section import Section, SectionContext

N_ROWS = 20
TITLES = {"en": "Labels to check", "ja": "確認したいラベル"}


@dataclass(frozen=True)
class Doubt:
    """One image; labelled and predicted are class names, confidence is the largest probability."""

    sample_id: str
    labelled: str
    predicted: str
    confidence: float


def labels_to_check(context: SectionContext) -> Section | None:
    """The errors of which the model was surest; no section where there is no error."""
    predictions = context.findings.predictions
    probs, preds = predictions.probs(), predictions.preds()
    wrong = [int(row) for row in (preds != predictions.targets).nonzero()[0]]
    surest = sorted(wrong, key=lambda row: -probs[row].max())[:N_ROWS]
    if not surest:
        return None
    doubts = [
        Doubt(
            sample_id=predictions.sample_ids[row],
            labelled=context.classes[predictions.targets[row]],
            predicted=context.classes[preds[row]],
            confidence=float(probs[row].max()),
        )
        for row in surest
    ]
    return Section(
        id="labels-to-check",
        title=TITLES.get(context.language.code, TITLES["en"]),
        template="labels_to_check.html.j2",
        source=Path(__file__).with_name("labels_to_check.html.j2").read_text(encoding="utf-8"),
        data={"doubts": doubts, "japanese": context.language.code == "ja"},
    )
