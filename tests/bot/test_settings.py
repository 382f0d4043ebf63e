"""Settings are what the file and the environment say, or one sentence with file, key and remedy."""

import re
import tomllib
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.reading import known_keys
from bot.settings import (
    DatabaseSettings,
    Settings,
    data_folder,
    database_url,
    hidden,
    inside,
    load,
    secrets,
)
from core.errors import SettingsError
from core.narrator import settings as narrator_settings

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "my.toml"


def refusal(file: Path, text: str, **environment: str) -> str:
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file, environment)
    return str(caught.value).removeprefix(str(file.parent) + "/")


def test_the_example_holds_every_setting_and_no_other() -> None:
    keys, section = [], ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif key := re.match(r"#?(\w+) = ", line):
            keys.append(f"{section}.{key[1]}")
    assert keys == known_keys(Settings)


def test_the_example_tells_the_defaults_as_they_are() -> None:
    assert load(EXAMPLE, {}) == Settings()
    shown = [
        (section, key)
        for section, table in tomllib.loads(EXAMPLE.read_text("utf-8")).items()
        for key in table
    ]
    unset = [key for key in known_keys(Settings) if tuple(key.split(".")) not in shown]
    assert unset == ["bot.data", "database.url", "narrator.lora", "openai.tokenizer"]


def test_the_example_and_the_narrator_agree_on_its_defaults() -> None:
    shown = Settings().narrator.model_dump(exclude={"backend"})
    assert shown == asdict(narrator_settings.NarratorSettings())


def test_the_example_says_why_above_each_setting() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"#?\w+ = ", line) and not before.startswith("# ")
    ]
    assert bare == []


def test_the_values_the_example_leaves_out_can_be_given_as_it_shows_them(write: Path) -> None:
    write.write_text(re.sub(r"(?m)^#(\w+ = )", r"\1", EXAMPLE.read_text("utf-8")), "utf-8")
    settings = load(write, {})
    assert settings.bot.data == Path("/var/lib/taleturn")
    assert settings.narrator.lora == Path("/var/lib/taleturn/loras/first")
    assert database_url(settings) == "sqlite:////var/lib/taleturn/taleturn.db"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}) == Settings()


def test_config_toml_in_this_folder_is_read_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("[narrator]\nthreads = 3\n")
    assert load(None, {}).narrator.threads == 3


def test_the_environment_has_the_last_word(write: Path) -> None:
    write.write_text('[narrator]\nthreads = 3\ndevice = "cpu"\n')
    given = {
        "TALETURN__NARRATOR__THREADS": "5",
        "TALETURN__TELEGRAM__ENABLED": "true",
        "TALETURN__NARRATOR__MODEL": "gpt2",
        "TALETURN_HOME": "no setting of ours",
    }
    settings = load(write, given)
    assert (settings.narrator.threads, settings.narrator.device) == (5, "cpu")
    assert (settings.telegram.enabled, settings.narrator.model) == (True, "gpt2")


def test_a_path_may_begin_with_the_home_folder(write: Path) -> None:
    write.write_text('[bot]\ndata = "~/tales"\n')
    assert data_folder(load(write, {})) == Path.home() / "tales"


def test_the_database_lies_in_the_data_folder_unless_told_otherwise(tmp_path: Path) -> None:
    settings = load(None, {"TALETURN__BOT__DATA": str(tmp_path)})
    assert database_url(settings) == f"sqlite:///{tmp_path}/taleturn.db"


def test_the_database_of_the_environment_goes_before_that_of_the_file(write: Path) -> None:
    write.write_text('[database]\nurl = "sqlite:///a.db"\n')
    url = "postgresql://ada:hush@db/tales"
    assert database_url(load(write, {"TALETURN_DATABASE_URL": url})) == url


def test_one_folder_can_hold_everything_whatever_the_file_says(write: Path, tmp_path: Path) -> None:
    write.write_text('[database]\nurl = "sqlite:///a.db"\n')
    settings = inside(load(write, {}), tmp_path)
    assert data_folder(settings) == tmp_path
    assert database_url(settings) == f"sqlite:///{tmp_path}/taleturn.db"


def test_a_folder_whose_name_would_break_the_address_is_refused(write: Path) -> None:
    with pytest.raises(SettingsError, match=r"--data what\?: .* name it without one"):
        inside(Settings(), Path("what?"))
    write.write_text('[bot]\ndata = "what?"\n')
    with pytest.raises(SettingsError, match="without one"):
        load(write, {})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().narrator.threads = 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[narrator]\ndevise = 1",
            "narrator.devise: there is no such setting; did you mean narrator.device",
        ),
        ("[narator]", "narator: there is no such setting; did you mean narrator"),
        (
            "colour = 1",
            (
                "colour: there is no such setting; "
                "there are bot, log, database, narrator, openai, ray, telegram, discord, "
                "learning"
            ),
        ),
        ("[log]\nzzz = 1", "log.zzz: there is no such setting; there are log.format, log.level"),
        (
            '[telegram]\ntoken = "1:a"',
            (
                "telegram.token: there is no such setting; "
                "secrets come from the environment, as config.example.toml says"
            ),
        ),
        ('[narrator]\nthreads = "2"', "narrator.threads: write a whole number, without quotes"),
        ("[narrator]\nslots = 0", "narrator.slots: write 1 or more"),
        ("[narrator]\nthreads = 1000", "narrator.threads: write 256 or less"),
        (
            '[narrator]\ndrain_seconds = "long"',
            "narrator.drain_seconds: write a number, without quotes",
        ),
        ("[narrator]\nmodel = 3", "narrator.model: write it in quotes"),
        ('[narrator]\nmodel = ""', "narrator.model: it must not be empty"),
        ("[narrator]\nlora = 3", "narrator.lora: write a path in quotes"),
        ('[log]\nformat = "xml"', "log.format: write 'console' or 'json'"),
        ('[telegram]\nenabled = "yes"', "telegram.enabled: write true or false, without quotes"),
        ("telegram = true", "telegram: write it as a section, [telegram], with its settings below"),
        ('[bot]\nlanguage = "de"', "bot.language: the bot speaks en, zh-hans; write one of these"),
        (
            '[telegram]\nmode = "webhook"',
            'telegram: mode "webhook" needs webhook_url, the https:// address it is sent to',
        ),
        (
            '[telegram]\nwebhook_url = "http://x"',
            "telegram.webhook_url: Telegram calls https:// addresses only; write one",
        ),
        (
            '[discord]\napi_base = "discord.com"',
            "discord.api_base: an address begins with https:// or http://; write it whole",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_remedy(
    write: Path, text: str, said: str
) -> None:
    assert refusal(write, text) == f"my.toml: {said}."


def test_a_wrong_variable_is_named_as_it_was_given(write: Path) -> None:
    said = refusal(write, "", TALETURN__NARRATOR__THREADS="many")
    assert said == "TALETURN__NARRATOR__THREADS: write a whole number, without quotes."
    said = refusal(write, "", TALETURN__NARRATOR__DEVISE="cpu")
    assert (
        said
        == "TALETURN__NARRATOR__DEVISE: there is no such setting; did you mean narrator.device."
    )


def test_a_variable_does_not_hide_what_is_wrong_in_the_file(write: Path) -> None:
    assert refusal(write, "narrator = 1", TALETURN__NARRATOR__THREADS="2").startswith(
        "my.toml: narrator: write it as a section"
    )


def test_a_file_that_is_not_there_or_no_toml_is_named(write: Path) -> None:
    with pytest.raises(SettingsError, match=r"my\.toml: No such file or directory; name"):
        load(write, {})
    assert refusal(write, "[narrator").startswith("my.toml: it is not TOML: ")
    write.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="save it as UTF-8"):
        load(write, {})


def test_a_password_in_the_file_is_refused_without_being_shown(write: Path) -> None:
    said = refusal(write, '[database]\nurl = "postgresql://ada:hush@db/tales"')
    assert "TALETURN_DATABASE_URL" in said
    assert "hush" not in said


def test_a_user_without_a_password_may_stand_in_the_file(write: Path) -> None:
    write.write_text('[database]\nurl = "postgresql://ada@db:5432/tales"')
    assert database_url(load(write, {})) == "postgresql://ada@db:5432/tales"


def test_secrets_are_never_printed() -> None:
    known = secrets({"TALETURN_TELEGRAM_TOKEN": " 1:abc\n", "TALETURN_DISCORD_TOKEN": " "})
    assert known.discord_token is None
    settings = load(None, {"TALETURN_DATABASE_URL": "postgresql://ada:hush@db/tales"})
    assert hidden(Settings(), known) == ["1:abc"]
    assert "1:abc" not in f"{known} {known!r}"
    assert "hush" in hidden(settings, known)
    assert "hush" not in f"{settings} {settings!r} {DatabaseSettings()}"
