"""Learning by hand: the registry, datasets out and in, and a run from end to end."""

import json
from pathlib import Path

import pytest

from bot.learning import base_folder, learning_settings, progress_line, rules
from bot.settings import DiscordSettings, Settings, load
from core.errors import SettingsError
from core.learning import dataset as datasets
from core.learning.plan import Progress
from core.learning.run import learn
from core.storage.database import open_database
from core.storage.library import Library
from tests.bot.conftest import Shell
from tests.core.learning.studies import Pupil, a_study, judge


@pytest.fixture
def learned(shell: Shell, tmp_path: Path) -> Path:
    """A data folder in which two LoRAs were learned; the second is live."""
    del shell
    data = tmp_path / "data"
    data.mkdir(parents=True)
    database = open_database(f"sqlite:///{data / 'taleturn.db'}")
    library = Library(database)
    judge(library)
    for _ in range(2):
        learn(a_study(library, data, Pupil()))
    learn(a_study(library, data, Pupil(better=False)))
    database.close()
    return data


@pytest.mark.usefixtures("learned")
def test_loras_are_listed_promoted_and_rolled_back_by_name(shell: Shell) -> None:
    listed = shell("loras", "list")
    begins = [line.split()[:2] for line in listed.splitlines() if line.startswith("lora-")]
    assert begins == [["lora-3", "rejected"], ["lora-2", "live"], ["lora-1", "retired"]]
    assert "Run 3 (done): lora-3 was not taken" in " ".join(listed.split())
    assert shell("loras", "promote", "lora-1") == "lora-1 is live.\n"
    assert shell("loras", "rollback") == "lora-2 is live again.\n"


@pytest.mark.usefixtures("learned")
def test_a_trial_is_begun_shown_and_ended(shell: Shell) -> None:
    begun = shell("loras", "ab", "lora-3", "--share", "0.25")
    assert "lora-3 in 25% of the places beside lora-2: 0 won, 0 lost" in begun
    assert "between 0% and 100%: open" in " ".join(shell("loras", "list").split())
    assert "trial is over" in shell("loras", "ab", "lora-3", "--share", "0")
    assert "Trial" not in shell("loras", "list")


def test_a_lora_whose_file_was_changed_does_not_go_live(shell: Shell, learned: Path) -> None:
    weights = learned / "loras" / "lora-1" / "adapter_model.safetensors"
    weights.write_bytes(b"something else")
    assert "its hash differs" in shell.fails("loras", "promote", "lora-1")
    assert "no LoRA 'lora-9'" in shell.fails("loras", "promote", "lora-9")


def test_without_loras_it_says_how_to_get_one(shell: Shell) -> None:
    assert "`taleturn learn` trains one" in shell("loras", "list")
    assert "nothing to roll back" in shell.fails("loras", "rollback")


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize("form", datasets.FORMATS)
def test_what_may_be_learned_from_is_exported(shell: Shell, form: str) -> None:
    told = shell("export", "dataset", "--format", form)
    assert told.startswith("dataset: ")
    assert "120 voices" in told
    assert Path("dataset/dpo", f"train.{form}").is_file()
    assert "is there already" in shell.fails("export", "dataset")
    assert "'csv' is not one of" in shell.fails("export", "dataset", "--format", "csv")


def test_too_little_feedback_is_said_with_what_is_missing(shell: Shell) -> None:
    said = shell.fails("learn")
    assert "count for 0.0 of the 100 that are needed" in said
    assert "100.0 are missing" in said


# ------------------------------------------------------------------ other texts
FAQ = [
    {
        "question": f"How do I reset the {what}?",
        "answer": f"Hold the {what}'s button for ten seconds.",
    }
    for what in "router lamp oven radio clock heater phone printer scale door kettle fan".split()
    * 3
]
NEWS = [
    {"text": f"Shares of {who} rose after good news.", "label": "happy"}
    for who in "Acme Binder Calder Dorn Ekko Fenn Gully Hart Innes Jolt".split() * 3
]


def a_file(name: str, rows: list[dict[str, str]]) -> str:
    path = Path(name)
    if path.suffix == ".csv":
        head = list(rows[0])
        lines = [",".join(head), *(",".join(f'"{row[cell]}"' for cell in head) for row in rows)]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


@pytest.mark.parametrize("file", ["faq.jsonl", "faq.csv"])
def test_a_support_desk_s_answers_are_taken_in_with_their_licence(shell: Shell, file: str) -> None:
    told = shell("import", "dataset", a_file(file, FAQ), "--licence", "CC-BY-4.0")
    assert told == "faq: sft 36. `taleturn learn --dataset faq` learns from it.\n"
    found = datasets.load(shell.data / "datasets" / "imported" / "faq")
    row = found.rows["sft", "train"][0]
    assert row["licence"] == "CC-BY-4.0"
    assert "Premise: How do I reset the" in row["prompt"]
    assert row["completion"].startswith("Hold the")


def test_labelled_news_become_texts_in_a_mood(shell: Shell) -> None:
    name = a_file("news.jsonl", NEWS)
    told = shell("import", "dataset", name, "--licence", "CC0-1.0", "--label-is-mood")
    assert told.startswith("news: sft 30.")
    assert "neither good nor bad" in shell.fails("import", "dataset", name, "--licence", "CC0")


def test_judged_texts_and_pairs_are_taken_in_as_what_they_are(shell: Shell) -> None:
    rows = [{"text": "Fine.", "label": "good"}, {"text": "Bad.", "label": "0"}]
    pair = {"prompt": "A fish", "chosen": "It swam.", "rejected": "It fish."}
    name = a_file("judged.jsonl", [*rows, pair, {"text": "Go and kill yourself."}])
    told = shell("import", "dataset", name, "--licence", "CC0-1.0", "--name", "mine")
    assert told.startswith("mine: dpo 1, kto 2; left out as unsafe: 1.")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no rows"),
        ("[1]\n", "a row is an object"),
        ("{", "cannot be read"),
        ('{"colour": "red"}\n', "row 1: it has no text"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(
    shell: Shell, content: str, said: str
) -> None:
    Path("bad.jsonl").write_text(content)
    assert said in shell.fails("import", "dataset", "bad.jsonl", "--licence", "CC0-1.0")


def test_texts_without_a_licence_or_a_file_are_refused(shell: Shell) -> None:
    assert "needs a licence" in shell.fails("import", "dataset", a_file("faq.jsonl", FAQ))
    missing = shell.fails("import", "dataset", "nowhere.jsonl", "--licence", "CC0-1.0")
    assert "No such file" in missing
    assert "takes a story, or: dataset FILE" in shell.fails("import", "datasets", "faq.jsonl")


# ------------------------------------------------------------------ settings
def test_the_command_line_comes_before_the_settings() -> None:
    settings = load(environment={"TALETURN__LEARNING__RECIPE": "kto"})
    assert learning_settings(settings).recipe == "kto"
    asked = learning_settings(settings, recipe="dpo")
    assert (asked.recipe, asked.margin) == ("dpo", 0.5)
    settings = load(environment={"TALETURN__LEARNING__SEARCH": "5"})
    assert learning_settings(settings).search == 5
    assert learning_settings(settings, search=0).search == 0


def test_discord_s_own_texts_are_off_until_the_operator_says_otherwise() -> None:
    assert DiscordSettings().enabled is False
    assert rules(Settings()).own_text == {"telegram", "terminal"}
    allowed = load(environment={"TALETURN__LEARNING__OWN_TEXT_DISCORD": "true"})
    assert rules(allowed).own_text == {"telegram", "discord", "terminal"}


def test_only_a_model_in_a_folder_is_trained(tmp_path: Path) -> None:
    assert (base_folder(Settings()) / "model.safetensors").is_file()
    elsewhere = load(environment={"TALETURN__NARRATOR__BACKEND": "openai"})
    with pytest.raises(SettingsError, match="not trained here"):
        base_folder(elsewhere)
    with pytest.raises(SettingsError, match="download it"):
        base_folder(load(environment={"TALETURN__NARRATOR__MODEL": "someone/gpt2"}))
    own = load(environment={"TALETURN__NARRATOR__MODEL": str(tmp_path)})
    assert base_folder(own) == tmp_path


def test_progress_is_one_line() -> None:
    line = progress_line(Progress("training", 3, 10, 1.25, 2.0))
    assert line == "training, step 3 of 10, loss 1.250, 2.0 minutes left"
    assert progress_line(Progress("collecting")) == "collecting"


def test_a_cron_line_has_five_fields() -> None:
    with pytest.raises(SettingsError, match="five fields"):
        load(environment={"TALETURN__LEARNING__SCHEDULE": "daily"})
