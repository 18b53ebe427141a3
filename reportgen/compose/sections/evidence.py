"""Where the evidence lies, over the whole run, and how far the maps can be trusted."""

from collections import Counter
from statistics import fmean

from reportgen.analyse.intervals import newcombe_interval, t_interval
from reportgen.compose.section import Section, SectionContext
from reportgen.explain.checks.run_localisation import localisation_summary
from reportgen.explain.checks.standing import standings
from reportgen.explain.method_traits import MethodUse
from reportgen.language import N_


def evidence(context: SectionContext) -> Section | None:
    """None when nothing was to be explained."""
    attributions, sample_ids = context.attributions, context.findings.predictions.sample_ids
    if not attributions.methods and not attributions.refusals and not attributions.gone:
        return None
    errors, hits = (
        localisation_summary([row for row in attributions.focus if row.correct == right]) for right in (False, True)
    )
    return Section(
        id="evidence",
        title=N_("Where the evidence lies"),
        template="sections/evidence.html.j2",
        data={
            "errors": errors,
            "hits": hits,
            "localising": attributions.localising,
            "localising_outcome": next(
                (one.outcome for one in attributions.randomization_tests if one.method == attributions.localising), None
            ),
            "left_out": [use.name for use in attributions.methods if use.name in attributions.failed],
            "difference": newcombe_interval((errors.n_off, errors.n), (hits.n_off, hits.n)),
            "methods": [_trust(context, use) for use in attributions.methods],
            "refusals": attributions.refusals,
            "options": attributions.options,
            "gone": [(sample_ids[one.example.idx], one) for one in attributions.gone],
            "n_examples": len(attributions.examples),
        },
    )


def _trust(context: SectionContext, use: MethodUse) -> dict[str, object]:
    """What is known of a method's maps in this run."""
    attributions = context.attributions
    maps = [
        (attribution, standing)
        for one in attributions.examples
        for attribution, standing in zip(
            one.maps, standings(one.maps, methods=attributions.methods, failed=attributions.failed), strict=True
        )
        if attribution.method == use.name
    ]
    drawn = [
        attribution for attribution, standing in maps if standing not in ("no_evidence", "practically_no_evidence")
    ]
    judged = [attribution.faithfulness for attribution in drawn if attribution.faithfulness is not None]
    verdicts = Counter(one.verdict for one in judged)
    enrichments = [attribution.focus.enrichment for attribution in drawn if attribution.focus is not None]
    return {
        "name": use.name,
        "n": len(maps),
        "n_blank": sum(standing == "no_evidence" for _, standing in maps),
        "n_none": len(maps) - len(drawn),
        "n_judged": len(judged),
        "n_better": sum(one.better_than_random for one in judged),
        "n_supported": verdicts["supported"],
        "n_not_distinguishable": verdicts["not_distinguishable"],
        "n_contradicted": verdicts["contradicted"],
        "insertion": fmean(one.insertion for one in judged) if judged else None,
        "random": fmean(fmean(one.random) for one in judged) if judged else None,
        "enrichment": fmean(enrichments) if enrichments else None,
        "enrichment_ci": t_interval(enrichments),
        "randomization_test": next((one for one in attributions.randomization_tests if one.method == use.name), None),
    }
