"""Point 4: one run never takes another's place; a run id is the name of its folder."""

import json
from shutil import copytree

import pytest

from reportgen.errors import ConfigError, InputError
from reportgen.options import RenderOptions
from reportgen.pipeline.render import render_again
from reportgen.pipeline.run import _refuse_taken
from tests.archives import contents
from tests.hostile.stored import OTHER, RUN_ID, exchanged, sealed, whole_bundle

HTML = RenderOptions(formats=("html",))
ENDINGS = ("", ".unrendered", ".audit-failed")


@pytest.fixture(scope="session")
def two(tmp_path_factory):
    """An archive of two whole nights."""
    archive = tmp_path_factory.mktemp("two")
    for run_id in (OTHER, RUN_ID):
        whole_bundle(archive, run_id)
    return archive


@pytest.fixture
def archive(two, tmp_path):
    copytree(two, tmp_path / "reports")
    return tmp_path / "reports" / "m"


def claiming(bundle, run_id):
    """Everything in it says that it is the run `run_id`."""
    files = {}
    for name, path in (
        ("run.json", ("stamp", "run_id")),
        ("findings.json", ("run_id",)),
        ("verdict.json", ("run_id",)),
    ):
        plain = json.loads((bundle / name).read_bytes())
        files[name] = json.dumps(exchanged(plain, path, run_id)).encode()
    return sealed(bundle, **files)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["20261201T080000000Z-00000000", "copy", f"{RUN_ID}-copy", f"x{OTHER}", OTHER[:-1]])
def test_results_that_name_another_run_are_not_rendered(archive, name, ending):
    kept = copytree(archive / RUN_ID, archive / f"{name}{ending}")
    claiming(kept, OTHER)
    before = contents(archive)
    with pytest.raises(InputError, match=f"the run {OTHER} in a folder of another name"):
        render_again(kept, HTML)
    assert contents(archive) == before


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_results_of_a_run_that_is_there_whole_are_not_rendered(archive, ending):
    kept = (archive / RUN_ID).rename(archive / f"{OTHER}{ending}")
    claiming(kept, OTHER)
    before = contents(archive)
    with pytest.raises(InputError, match=f"{OTHER} is there already"):
        render_again(kept, HTML)
    assert contents(archive) == before


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_results_without_a_report_get_one_under_their_own_name(archive, ending):
    kept = (archive / RUN_ID).rename(archive / f"{RUN_ID}{ending}")
    (archive / "latest").symlink_to(kept.name)
    other = contents(archive / OTHER)
    _, receipts = render_again(archive / "latest", HTML)
    assert receipts.bundle_dir == archive / RUN_ID
    assert not kept.exists()
    assert contents(archive / OTHER) == other


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("older", [True, False])
def test_a_run_whose_id_is_taken_is_refused_before_the_device_time(archive, ending, older):
    """The second folder is where an older version put the model."""
    (archive / RUN_ID).rename(archive / f"{RUN_ID}{ending}")
    folders = (archive.with_name("new"), archive) if older else (archive,)
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH"):
        _refuse_taken(folders, RUN_ID)
    _refuse_taken(folders, "20261124T080000000Z-1a2b3c4d")


def test_a_link_that_leads_nowhere_takes_a_name_too(archive):
    (archive / "20261124T080000000Z-1a2b3c4d").symlink_to("nowhere")
    with pytest.raises(ConfigError):
        _refuse_taken((archive,), "20261124T080000000Z-1a2b3c4d")
