"""Nights of the hand-weighted net: comparison, gate, archive and its commands, as a user runs them."""

import json
import shutil

import pytest
import torch

from tests.pets import BREEDS, hand_checkpoint, hand_weights, write_five_breeds
from tests.program import reportgen

ROLLED = (*BREEDS[1:], BREEDS[0])
GATE = """
[explain]
smooth_grad_samples = 2
insertion_steps = 0
certificate_pictures = 0
focus_pictures = 0

[gate]
accuracy_margin = 0.05
no_worse_classes = true
no_new_cross_species = true
"""
# Night 4: every boxer lights no detector, so all scores are 0 and the first class, a cat, is called: 10 broken.
FORGOTTEN = "boxer"


def weights_without(breed):
    weights = hand_weights()
    weights["head.weight"][BREEDS.index(breed)] = 0
    return weights


def run(place, night, *more):
    """A night at 04:30 of its day in November 2026."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(1793507400 + 86400 * (night - 1)))  # 1 November 2026, 04:30 UTC
        words = ("--checkpoint", "hand.pt", "--dataset", "oxford-iiit-pet", "--data-root", "data")
        rest = ("--arch", "tests.pets:hand_net", "--model-name", "hand", "--format", "html")
        config = () if "--config" in more else ("--config", "gate.toml")
        return reportgen("run", *words, *rest, *config, *more, cwd=place)


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """Night 1; night 2 with its classes rolled; night 3 as night 1; night 4 with one breed forgotten; their endings."""
    place = tmp_path_factory.mktemp("nights")
    write_five_breeds(place / "data")
    (place / "gate.toml").write_text(GATE)
    changed = ({}, {"classes": list(ROLLED)}, {}, {"state_dict": weights_without(FORGOTTEN)})
    done = []
    for night, changes in enumerate(changed, start=1):
        hand_checkpoint(place / "hand.pt", **changes)
        done.append(run(place, night, "--ci-dir", "ci"))
    return place, done


def bundles(place):
    return sorted((place / "reports" / "hand").glob("2*"))


def found(place, night):
    return json.loads((bundles(place)[night - 1] / "findings.json").read_text())


def test_the_exit_codes_follow_the_gate(nights):
    """The rolled night loses nearly everything; the forgotten breed is worse beyond chance; the others do not differ."""
    place, done = nights
    assert [one.returncode for one in done] == [0, 1, 0, 1], done[0].stderr
    outcomes = [found(place, night)["gate"]["outcome"] for night in (1, 2, 3, 4)]
    assert outcomes == ["inconclusive", "fail", "inconclusive", "fail"]


def test_the_last_line_is_the_verdict_and_ci_gets_the_same(nights):
    place, done = nights
    newest = bundles(place)[-1]
    assert done[-1].stdout.splitlines()[-1] == (newest / "verdict.json").read_text().strip()
    for name in ("verdict.json", "junit.xml", "summary.md"):
        assert (place / "ci" / name).read_bytes() == (newest / name).read_bytes()


def test_a_night_in_the_wrong_order_is_compared_but_never_a_baseline(nights):
    place, _ = nights
    first, rolled, third, _ = (path.name for path in bundles(place))
    assert found(place, 1)["comparison"] is None
    assert found(place, 2)["comparison"]["baseline_run_id"] == first
    assert found(place, 2)["class_order"]["suspicious"]
    assert found(place, 3)["comparison"]["baseline_run_id"] == first
    assert found(place, 3)["comparison"]["passed_over"] == [rolled]
    assert found(place, 4)["comparison"]["baseline_run_id"] == third


def test_what_broke_is_counted_named_and_shown(nights):
    """Of the 10 boxers all break; the cat that was called a boxer becomes the first class, its own: fixed."""
    place, _ = nights
    against = found(place, 4)["comparison"]
    assert (against["broken"], against["fixed"], against["n_paired"]) == (10, 1, 50)
    assert against["accuracy_difference"] == pytest.approx(-9 / 50)
    assert against["verdict"] == "worse"
    assert [row["class"] for row in against["classes"] if row["verdict"] == "worse"] == [FORGOTTEN]
    assert len(against["new_cross_species"]) == 10
    flips = {flip["sample_id"]: flip for flip in against["flips"]}
    assert flips["Abyssinian_1"]["kind"] == "fixed"
    assert flips["boxer_1"]["strip"] == [True, True, False]
    rules = {rule["name"]: rule["outcome"] for rule in found(place, 4)["gate"]["rules"]}
    assert rules["accuracy_margin"] == rules["no_worse_classes"] == rules["no_new_cross_species"] == "fail"
    page = (bundles(place)[-1] / "report.html").read_text()
    assert "Worse than the baseline" in page
    assert "The gate fails" in page
    assert page.count('id="image-') == len(set(page.split('id="image-')[1:]))


def test_the_index_is_the_one_rebuilt_and_latest_leads_to_the_newest(nights):
    place, _ = nights
    index = place / "reports" / "index.html"
    kept = index.read_bytes()
    index.unlink()
    assert reportgen("index", "reports", cwd=place).returncode == 0
    assert index.read_bytes() == kept
    for link in (place / "reports" / "latest", place / "reports" / "hand" / "latest"):
        assert link.resolve() == bundles(place)[-1].resolve()


def test_compare_says_the_same_of_any_two(nights):
    place, _ = nights
    first, _, third, fourth = bundles(place)
    told = reportgen("compare", third, fourth, cwd=place)
    assert told.returncode == 0, told.stderr
    assert "B is worse: 1 fixed, 10 broken of 50" in told.stdout
    again = json.loads(reportgen("compare", third, fourth, "--json", cwd=place).stdout)
    assert again == found(place, 4)["comparison"]
    same = reportgen("compare", first, third, cwd=place)
    assert "too few changes to judge: 0 fixed, 0 broken of 50" in same.stdout
    assert reportgen("compare", first, place / "gone", cwd=place).returncode == 3


def test_a_damaged_file_is_found_and_named(nights, tmp_path):
    place, _ = nights
    assert reportgen("verify", "reports", cwd=place).returncode == 0
    copy = shutil.copytree(bundles(place)[0], tmp_path / bundles(place)[0].name)
    (copy / "errors.csv").write_text("cut")
    done = reportgen("verify", copy, cwd=place)
    assert done.returncode == 3
    assert "errors.csv" in done.stdout


def test_rendering_again_keeps_the_comparison_and_the_exit_code(nights, tmp_path):
    place, _ = nights
    fourth = bundles(place)[-1]
    copy = shutil.copytree(fourth, tmp_path / "a" / "hand" / fourth.name)
    done = reportgen("render", copy, "--format", "html", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    again = json.loads((copy / "findings.json").read_text())
    for key in ("comparison", "gate", "panels"):
        assert again[key] == found(place, 4)[key]


def test_pruning_tells_first_and_spares_baselines(nights, tmp_path):
    """Of four, two are kept; the third is the baseline of the fourth, the first that of the third."""
    place, _ = nights
    copy = shutil.copytree(place / "reports", tmp_path / "reports", symlinks=True)
    first, second = (path.name for path in bundles(place)[:2])
    told = reportgen("prune", copy, "--keep", "2", "--dry-run", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert f"would remove {copy / 'hand' / second}" in told.stdout
    assert first not in told.stdout
    assert len(bundles(tmp_path)) == 4
    assert reportgen("prune", copy, "--keep", "2", cwd=tmp_path).returncode == 0
    assert second not in [path.name for path in bundles(tmp_path)]
    assert second not in (copy / "index.html").read_text()


def test_a_run_that_is_not_comparable_says_why_and_judges_nothing(nights, tmp_path):
    """Another crop of the same files: the first night is compared image by image, without a verdict."""
    place, _ = nights
    config = tmp_path / "crop.toml"
    config.write_text((place / "gate.toml").read_text() + "[preprocessing]\nresize = 50\ncrop = 48\n")
    hand_checkpoint(place / "hand.pt", preprocessing=None)
    first = bundles(place)[0]
    done = run(place, 7, "--out", tmp_path / "reports", "--config", config, "--baseline", first)
    assert done.returncode == 0, done.stderr
    (bundle,) = (tmp_path / "reports" / "hand").glob("2*")
    against = json.loads((bundle / "findings.json").read_text())["comparison"]
    assert (against["comparable"], against["verdict"], against["p_value"]) == (False, None, None)
    assert against["reason"] == "the preprocessing differs"
    assert against["n_paired"] == 50
    page = " ".join((bundle / "report.html").read_text().split())
    assert "<b>Not comparable</b> because the preprocessing differs." in page


def test_a_run_without_a_report_tells_ci_so_and_leaves_no_old_verdict(nights, tmp_path):
    place, _ = nights
    ci = shutil.copytree(place / "ci", tmp_path / "ci")
    hand_checkpoint(place / "hand.pt")
    done = run(place, 5, "--ci-dir", ci, "--split", "nowhere")
    assert done.returncode == 3
    verdict = json.loads((ci / "verdict.json").read_text())
    assert (verdict["outcome"], verdict["exit_code"]) == ("error", 3)
    assert "nowhere" in (ci / "summary.md").read_text()


def test_when_the_index_cannot_be_written_the_report_stands_and_the_rest_goes_on(nights, tmp_path):
    """An index.html of somebody else's is not overwritten: exit 6, and the mail is written all the same."""
    place, _ = nights
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "index.html").write_text("our wiki")
    config = tmp_path / "mail.toml"
    config.write_text((place / "gate.toml").read_text() + '[mail]\nto = ["a@example.org"]\n[archive]\nkeep = 1\n')
    hand_checkpoint(place / "hand.pt")
    done = run(place, 6, "--out", tmp_path / "reports", "--config", config)
    assert done.returncode == 6, done.stderr
    assert "reportgen index" in done.stderr
    (bundle,) = (tmp_path / "reports" / "hand").glob("2*")
    assert list((bundle / "mail").glob("*.eml"))
    assert (tmp_path / "reports" / "index.html").read_text() == "our wiki"


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[gate]\nmin_recall = { Bengall = 0.5 }\n", "Bengall"),
        ("[gate]\nmin_acuracy = 0.5\n", "min_accuracy (the nearest key)"),
        ("[gate]\nmin_accuracy = 75\n", "min_accuracy"),
        (
            '[[gate.accepted]]\npair = ["pug", "pug"]\nowner = "x"\nreason = "y"\nexpires = 2027-01-01\n',
            "two different",
        ),
        ('[[gate.accepted]]\npair = ["pug", "boxer"]\nowner = "x"\nexpires = 2027-01-01\n', "reason"),
        ('[mail]\nto = ["nobody"]\n', "nobody"),
    ],
)
def test_a_wrong_rule_or_address_stops_the_run_before_the_device_is_used(nights, toml, told):
    place, _ = nights
    (place / "wrong.toml").write_text(toml)
    hand_checkpoint(place / "hand.pt")
    words = ("--checkpoint", "hand.pt", "--dataset", "oxford-iiit-pet", "--data-root", "data", "--model-name", "none")
    done = reportgen("run", *words, "--arch", "tests.pets:hand_net", "--config", "wrong.toml", cwd=place)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "evaluating" not in done.stderr
    assert not (place / "reports" / "none").exists()


def test_the_weights_of_the_forgotten_breed_are_what_they_say():
    """The construction of night 4: without its row of the head, a boxer's scores are all 0."""
    head = weights_without(FORGOTTEN)["head.weight"]
    assert torch.equal(head[BREEDS.index(FORGOTTEN)], torch.zeros(len(BREEDS)))
    assert torch.equal(head.sum(dim=1), torch.tensor([20.0 if breed != FORGOTTEN else 0.0 for breed in BREEDS]))
