"""`make check`: which tests belong to which changed file, and what counts as changed."""

import subprocess

import pytest

from tools.changed_tests import ALWAYS, changed_files, main, quick_tests_of

FILES = {
    "reportgen/config.py": "",
    "reportgen/analyse/gate.py": "",
    "reportgen/analyse/scores.py": "",
    "reportgen/render/html/page.py": "",
    "reportgen/locales/ja.po": "",
    "templates/css/page.css": "",
    "tools/demo/draw.py": "",
    "README.md": "",
    "tests/conftest.py": "",
    "tests/pets.py": "",
    "tests/analyse/conftest.py": "",
    ALWAYS: "",
    "tests/test_readme.py": "README.md reportgen.config",
    "tests/analyse/test_gate.py": "from reportgen.analyse.gate import gate",
    "tests/analyse/test_numbers.py": "import reportgen.analyse.gate_rules",
    "tests/render/test_page.py": "from reportgen.render.html.page import page",
    "tests/render/html/test_deep.py": "",
    "tests/tools/test_demo_drawing.py": "from tools.demo.draw import x",
    "tests/e2e/test_run.py": "from reportgen.analyse.gate import gate",
    "tests/hostile/helper.py": "",
    "tests/hostile/test_names.py": "hostile.helper",
}
RENDER = {"tests/render/test_page.py", "tests/render/html/test_deep.py"}
WANTED = {
    "reportgen/analyse/gate.py": {"tests/analyse/test_gate.py"},  # named there; gate_rules is another module
    "reportgen/analyse/scores.py": {"tests/analyse/test_gate.py", "tests/analyse/test_numbers.py"},  # named nowhere
    "reportgen/render/html/page.py": {"tests/render/test_page.py"},
    "reportgen/config.py": {"tests/test_readme.py"},
    "reportgen/locales/ja.po": RENDER,
    "templates/css/page.css": RENDER,
    "tools/demo/draw.py": {"tests/tools/test_demo_drawing.py"},
    "README.md": {"tests/test_readme.py"},
    "tests/analyse/conftest.py": {"tests/analyse/test_gate.py", "tests/analyse/test_numbers.py"},
    "tests/conftest.py": set(),
    "tests/pets.py": set(),
    "tests/e2e/test_run.py": {"tests/e2e/test_run.py"},
    "tests/hostile/helper.py": set(),
}


@pytest.fixture
def repository(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    committed(tmp_path)
    return tmp_path


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def committed(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


@pytest.mark.parametrize("path", WANTED)
def test_a_changed_file_has_the_tests_of_its_stage_that_name_it_or_else_all_of_them(repository, path):
    assert set(quick_tests_of([path], repository)) == WANTED[path] | {ALWAYS}


def test_each_test_once(repository):
    found = quick_tests_of(["reportgen/analyse/gate.py", "tests/analyse/test_gate.py"], repository)
    assert found == ["tests/analyse/test_gate.py", ALWAYS]


def test_on_main_the_last_commit_counts_until_something_is_changed(repository):
    (repository / "README.md").write_text("more")
    committed(repository)
    assert changed_files(None, repository) == ["README.md"]
    (repository / "reportgen" / "config.py").write_text("more")
    (repository / "reportgen" / "new.py").write_text("")
    assert changed_files(None, repository) == ["reportgen/config.py", "reportgen/new.py"]


def test_on_a_branch_all_that_it_has_beyond_main_counts(repository):
    git(repository, "checkout", "-q", "-b", "branch")
    (repository / "README.md").write_text("more")
    (repository / "tests" / "pets.py").unlink()
    committed(repository)
    (repository / "reportgen" / "config.py").write_text("more")
    assert changed_files(None, repository) == ["README.md", "reportgen/config.py"]  # what is gone has no tests
    assert changed_files("HEAD", repository) == ["reportgen/config.py"]


def test_every_module_of_the_package_has_tests():
    """In this repository: no stage without a folder of tests."""
    for stage in ("inputs", "evaluate", "analyse", "explain", "compose", "render", "runs", "deliver", "demo"):
        assert len(quick_tests_of([f"reportgen/{stage}/__init__.py"])) > 1, stage


def test_it_says_what_it_would_run_and_what_it_leaves_out(capsys):
    assert main(["--list", "--since", "HEAD"]) == 0
    printed = capsys.readouterr().out
    assert f"  {ALWAYS}\n" in printed
    assert "left to make test: tests/browser, tests/e2e" in printed
