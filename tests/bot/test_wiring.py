"""What is built is what the settings say."""

from dataclasses import asdict

from adapters.discord.settings import DiscordSettings
from adapters.telegram.settings import TelegramSettings
from bot import wiring
from bot.settings import Settings, load
from core.session.critic import UNTAUGHT


def test_the_defaults_shown_are_those_of_the_platforms() -> None:
    settings = Settings()
    telegram, discord = asdict(TelegramSettings(token="")), asdict(DiscordSettings(token=""))
    assert settings.telegram.model_dump(exclude={"enabled"}).items() <= telegram.items()
    assert settings.discord.model_dump(exclude={"enabled"}).items() <= discord.items()
    assert settings.bot.language == telegram["language"] == discord["language"]


def test_a_seed_draws_the_same_seeds_and_none_draws_others() -> None:
    def drawn(seed: int | None) -> list[int]:
        draw = wiring._seeds(seed)
        return [draw() for _ in range(5)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert drawn(None) != drawn(None)
    assert all(0 <= seed < 2**31 for seed in drawn(None))


def test_takes_are_chosen_before_anything_was_learned_but_none_is_bought_elsewhere() -> None:
    settings = Settings()
    critic = wiring.untaught(settings)
    assert critic.best_of == settings.learning.rerank == 4
    assert not critic.knows(1)
    assert not critic.room.locked()
    small = load(environment={"TALETURN__NARRATOR__SLOTS": "2"})
    assert wiring.untaught(small).best_of == 2
    elsewhere = load(environment={"TALETURN__NARRATOR__BACKEND": "openai"})
    assert wiring.untaught(elsewhere) is UNTAUGHT
