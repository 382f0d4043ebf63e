"""What the pages say is so: commands, targets, the tree, links, claims that can be looked up."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import app
from core.session import commands as c
from core.session.menus import WISHES
from core.session.spelling import NAMES, SHORT
from core.story.export import FORMATS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PAGES = {"README.md": README, "CONTRIBUTING.md": CONTRIBUTING}
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TREE = re.search(r"## The tree\n\n```\n(.*?)```", README, re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
CODE = re.compile(r"`([^`\n]+)`")


def tracked() -> list[str]:
    """Return the files of the repository, as git has them."""
    git = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # git is where the machine has it
    return git.stdout.splitlines()


def tree_paths() -> list[str]:
    """Return the paths that the tree draws: four spaces more are one folder deeper."""
    assert TREE is not None
    paths: list[str] = []
    folders: list[str] = []
    for line in TREE[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        names = re.split(r"\s{2,}", line.strip())
        listed = [name for name in names if name.endswith("/") or re.fullmatch(r"[\w.]+", name)]
        for name in listed:
            paths.append("".join(folders[:depth]) + name)
            folders[depth:] = [name]
    return paths


@pytest.mark.parametrize("folder", ["core/narrator", "core/learning"])
def test_the_map_of_a_folder_names_its_files_and_no_other(folder: str) -> None:
    map_ = (ROOT / folder / "README.md").read_text("utf-8")
    named = {found for found in CODE.findall(map_) if re.fullmatch(r"[a-z_0-9]+\.py", found)}
    there = {path.name for path in (ROOT / folder).glob("*.py")} - {"__init__.py"}
    assert there == named


# ---------------------------------------------------------------- commands
def test_the_readme_opens_with_the_two_commands() -> None:
    assert re.match(r"# Taleturn\n\n```console\n\$ make play .*\n\$ make test ", README)


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", PAGES[page]))
    assert named
    assert named <= TARGETS


def test_make_help_names_every_target() -> None:
    make = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # as a person types it
    listed = set(re.findall(r"^make ([a-z-]+)", make.stdout, re.MULTILINE))
    assert listed == set(re.findall(r"\.PHONY: (.*)", MAKEFILE)[0].split())


@pytest.mark.parametrize("page", PAGES)
def test_every_taleturn_command_that_a_page_names_exists(page: str) -> None:
    known = set(getattr(get_command(app), "commands"))  # noqa: B009  # click's groups are untyped here
    named = set(re.findall(r"taleturn ([a-z]+)\b", re.sub(r"--tag taleturn .*", "", PAGES[page])))
    assert {name for name in named if name not in known} == set()


def test_the_tree_names_the_commands_that_the_program_has() -> None:
    line = re.search(r"cli\.py +taleturn (.*)", README)
    assert line is not None
    assert set(line[1].split(", ")) <= set(getattr(get_command(app), "commands"))  # noqa: B009  # the same


def test_every_slash_command_in_the_readme_is_understood() -> None:
    lines = {code for code in CODE.findall(README) if re.match(r"/[a-z]+( |$)", code)}
    assert len(lines) > 25
    known = NAMES.keys() | SHORT.keys()
    assert {line for line in lines if line[1:].split(" ")[0] not in known} == set()


def test_the_readme_names_every_export_and_every_wish() -> None:
    assert f"`/export` ({', '.join(FORMATS)})" in README
    wishes = re.search(r"/refine (\w+)` \(or ([\w, ]+), your own words\)", README)
    assert wishes is not None
    assert {wishes[1], *wishes[2].split(", ")} == set(WISHES)


def test_the_piped_story_of_the_readme_is_told(tmp_path: Path) -> None:
    command = re.search(r"\$ (printf .*) \| \.venv/bin/taleturn play", README)
    assert command is not None
    lines = shlex.split(command[1])[1].replace("\\n", "\n")
    play = subprocess.run(
        [sys.executable, "-m", "bot", "play", "--data", str(tmp_path), "--seed", "7"],
        cwd=ROOT,
        input=lines,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert play.returncode == 0, play.stderr
    assert "lighthouse" in play.stdout.lower()
    assert list(tmp_path.rglob("*.md")), play.stdout


# ---------------------------------------------------------------- the tree
def test_everything_in_the_tree_exists() -> None:
    paths = tree_paths()
    assert len(paths) > 35
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_folder_of_code_stands_in_the_tree() -> None:
    drawn = set(tree_paths())
    folders = {
        path.rsplit("/", 1)[0] + "/"
        for path in tracked()
        if path.endswith(".py") and path.split("/")[0] in {"bot", "core", "adapters", "migrations"}
    }
    assert folders - drawn - {"migrations/versions/"} == set()


def test_the_top_of_the_repository_is_what_was_agreed() -> None:
    top = {path.split("/")[0] for path in tracked()}
    agreed = {"bot", "core", "adapters", "migrations", "tests"}
    files = {"config.example.toml", "pyproject.toml", "README.md", "Makefile", "constraints.txt"}
    files |= {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile", "compose.yaml"}
    assert {name for name in top if not name.startswith(".")} == agreed | files


# ---------------------------------------------------------------- paths, links, claims
@pytest.mark.parametrize("page", PAGES)
def test_every_path_and_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page])
    codes = [code for code in CODE.findall(PAGES[page]) if re.fullmatch(r"[\w/*-]+/[\w*.-]+", code)]
    files = [path for path in codes if "." in path and not path.startswith("/")]
    assert [path for path in links + files if not list(ROOT.glob(path))] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_a_page_has_its_heading(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", PAGES[page]):
        headings = re.findall(r"^#+ (.*)", PAGES[target or page], re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    pinned = re.findall(
        r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    names = {re.split(r"[\[>=<,]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names - {name.lower().replace("_", "-") for name in pinned} == set()


def test_the_changelog_has_the_version_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert f"## {project['project']['version']} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_environment_variable_that_is_named_is_read() -> None:
    compose = (ROOT / "compose.yaml").read_text("utf-8") + (ROOT / "Dockerfile").read_text("utf-8")
    named = set(re.findall(r"\bTALETURN_[A-Z_]+", README + compose))
    example = (ROOT / "config.example.toml").read_text("utf-8")
    plain = {name for name in named if "__" not in name}
    assert plain <= set(re.findall(r"TALETURN_[A-Z_]+", example))
    keys = tomllib.loads(re.sub(r"^#(\w+ =)", r"\1", example, flags=re.MULTILINE))
    for name in named - plain:
        section, key = name.removeprefix("TALETURN__").lower().split("__")
        assert key in keys[section], name


def test_only_models_import_torch() -> None:
    readme = "Only `core/narrator` and `core/learning` import torch"
    assert readme in CONTRIBUTING
    imports = re.compile(r"^\s*(?:import|from) torch\b", re.MULTILINE)
    found = [
        path
        for path in tracked()
        if path.startswith(("bot/", "core/", "adapters/"))
        and path.endswith(".py")
        and imports.search((ROOT / path).read_text("utf-8"))
    ]
    assert found
    assert {path.split("/")[1] for path in found} <= {"narrator", "learning"}


def test_the_commands_of_the_union_are_the_ones_that_can_be_typed() -> None:
    assert set(NAMES.values()) == set(c.Command.__args__)
