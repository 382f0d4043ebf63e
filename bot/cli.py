"""The command line: `taleturn play` and all the others.

What a command needs is imported when it runs: `taleturn play` has its first prompt in a second.
"""

import gc
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot import settings as configuration
from bot.settings import Settings
from core.errors import Refusal, TaleturnError

app = typer.Typer(
    help="Chat groups write stories together with a narrator that learns from them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
database = typer.Typer(help="Look after the database's tables.", no_args_is_help=True)
app.add_typer(database, name="db")
loras = typer.Typer(help="Look after what the narrator has learned.", no_args_is_help=True)
app.add_typer(loras, name="loras")

Config = Annotated[
    Path | None, typer.Option("--config", help="The settings; config.toml here, if there is one.")
]
Data = Annotated[
    Path | None, typer.Option("--data", help="Keep everything in this folder, database and all.")
]
Name = Annotated[str, typer.Argument(help="A LoRA's name in `taleturn loras list`.")]
_DATASET = "dataset"
Revision = Annotated[str, typer.Argument(help="A revision's number, head or base.")]


def main(arguments: list[str] | None = None) -> None:
    """Run a command; what was to be expected ends in one clear line and exit code 1."""
    try:
        app(arguments)
    except Refusal as refusal:
        from core.session.wording import FIRST, say  # noqa: PLC0415  # only now needed

        _fail(say(FIRST, refusal.key, **refusal.values))
    except TaleturnError as error:
        _fail(str(error))


def _fail(sentence: str) -> None:
    print(f"taleturn: {sentence}", file=sys.stderr)  # noqa: T201  # this is where people look
    sys.exit(1)


def _settings(config: Path | None, data: Path | None) -> Settings:
    settings = configuration.load(config)
    return configuration.inside(settings, data.absolute()) if data else settings


@app.callback(invoke_without_command=True)
def about(
    *, show: Annotated[bool, typer.Option("--version", help="Tell the version and end.")] = False
) -> None:
    """Chat groups write stories together with a narrator that learns from them."""
    if show:
        typer.echo(f"taleturn {version('taleturn')}")
        raise typer.Exit


@app.command()
def play(
    *,
    data: Data = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Write the same again: draw all chance from it.")
    ] = None,
    config: Config = None,
) -> None:
    """Tell a story in this terminal, or take lines through a pipe."""
    gc.disable()  # importing leaves no garbage, and looking for it takes a tenth of the time
    from bot.playing import play as play_here  # noqa: PLC0415  # the engine; see the top

    gc.enable()
    play_here(_settings(config, data), seed=seed)


@app.command()
def run(*, config: Config = None) -> None:
    """Speak on the platforms that config.toml switches on, until stopped."""
    import asyncio  # noqa: PLC0415  # see the top

    from bot import logs, service  # noqa: PLC0415  # see the top

    settings, known = _settings(config, None), configuration.secrets()
    logs.to_stream(settings.log.format, settings.log.level, configuration.hidden(settings, known))
    asyncio.run(service.run(settings, known))


@app.command()
def serve(*, config: Config = None) -> None:
    """Run the narrator in several processes, for bots whose backend is "ray", until stopped."""
    from bot import logs, serving  # noqa: PLC0415  # see the top

    settings = _settings(config, None)
    logs.to_stream(settings.log.format, settings.log.level, [])
    serving.serve(settings)


@app.command()
def stories(*, data: Data = None, config: Config = None) -> None:
    """List the stories told in this terminal."""
    from rich.console import Console  # noqa: PLC0415  # see the top

    from bot.books import show_stories  # noqa: PLC0415  # see the top

    show_stories(_settings(config, data), Console())


@app.command("export")
def export_(
    story: Annotated[
        str,
        typer.Argument(help="Its number in `taleturn stories`, its title, or the word dataset."),
    ],
    *,
    form: Annotated[
        str, typer.Option("--format", help="txt, md, epub, pdf or json; a dataset: jsonl, parquet.")
    ] = "",
    out: Annotated[Path, typer.Option(help="A file, a folder, or - for standard output.")] = Path(),
    data: Data = None,
    config: Config = None,
) -> None:
    """Write a story as a file, or all that may be learned from as a dataset."""
    from bot.books import export_story  # noqa: PLC0415  # see the top

    if story == _DATASET:
        from bot.learning import export_dataset  # noqa: PLC0415  # see the top

        typer.echo(export_dataset(_settings(config, data), form or "jsonl", out))
        return
    path = export_story(_settings(config, data), story, form or "md", out)
    if path is not None:
        typer.echo(path)


@app.command("import")
def import_(
    what: Annotated[
        list[Path], typer.Argument(help="A story exported as JSON, or: dataset FILE.", min=1, max=2)
    ],
    *,
    licence: Annotated[str, typer.Option(help="Of a dataset's texts: CC-BY-4.0, CC0 …")] = "",
    name: Annotated[str, typer.Option(help="Of a dataset; the file's without one.")] = "",
    label_is_mood: Annotated[
        bool, typer.Option("--label-is-mood", help="Labels are the mood a text is written in.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Put an exported story on this terminal's shelf, or take in texts to learn from."""
    from bot.books import import_story  # noqa: PLC0415  # see the top

    *first, file = what
    if first == [Path(_DATASET)]:
        from bot.rows import import_dataset  # noqa: PLC0415  # see the top

        settings = _settings(config, data)
        typer.echo(import_dataset(settings, file, licence=licence, name=name, mood=label_is_mood))
        return
    if first:
        raise TaleturnError(f"`taleturn import` takes a story, or: dataset FILE; not {first[0]}.")
    typer.echo(f"“{import_story(_settings(config, data), file)}” is on the shelf.")


@app.command()
def doctor(*, data: Data = None, config: Config = None) -> None:
    """Say what is wrong, and the remedy."""
    from rich.console import Console  # noqa: PLC0415  # see the top

    from bot.doctor import examine  # noqa: PLC0415  # see the top

    if not examine(config, data, Console()):
        raise typer.Exit(1)


@app.command()
def mood(
    *,
    model: Annotated[
        Path | None,
        typer.Option(exists=True, help="The folder of a GPT-2; left out, the bundled starter."),
    ] = None,
) -> None:
    """Teach a model's sentiment head how sentences feel; it takes less than a minute."""
    from core.learning.sentiment import STARTER, train_head  # noqa: PLC0415  # torch; see the top

    report = train_head(model or STARTER)
    typer.echo(
        f"{report.path}: right on {report.accuracy:.1%} of {report.tested} sentences it had not "
        f"seen (VADER: {report.vader:.1%}); on negation and irony {report.hard:.1%} "
        f"(VADER: {report.vader_hard:.1%})."
    )


@app.command()
def pretrain(
    *,
    corpus: Annotated[Path, typer.Option(help="The folder with the packs to learn from.")],
    out: Annotated[Path, typer.Option(help="The folder for checkpoints and the model.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to train.")] = 90.0,
    seed: Annotated[int, typer.Option(help="Draws the order of the text.")] = 1963,
    start: Annotated[
        Path | None, typer.Option(exists=True, help="A starter to go on from, as its folder.")
    ] = None,
    base: Annotated[
        Path | None, typer.Option(exists=True, help="A larger GPT-2 to teach the headings.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT.")] = False,
) -> None:
    """Train a starter model from open text, or a LoRA that teaches BASE the headings."""
    from core.learning.pretrain import PretrainSettings  # noqa: PLC0415  # torch; see the top
    from core.learning.pretrain import pretrain as train  # noqa: PLC0415  # the same
    from core.learning.pretrain_run import going_on  # noqa: PLC0415  # the same

    settings = PretrainSettings(corpus=corpus, out=out, minutes=minutes, seed=seed, base=base)
    try:
        train(going_on(settings, start) if start else settings, resume=resume)
    except OSError as error:
        raise TaleturnError(f"The training cannot begin: {error}.") from error


@app.command()
def learn(
    *,
    recipe: Annotated[
        str | None, typer.Option(help="sft, kto, dpo, adversarial …; without: the settings'.")
    ] = None,
    search: Annotated[
        int | None,
        typer.Option(min=0, help="Try so many hyperparameters at most; without: the settings'."),
    ] = None,
    dataset: Annotated[
        str, typer.Option(help="Learn from an imported dataset, or one in a folder.")
    ] = "",
    place: Annotated[int, typer.Option(help="Give this place a LoRA of its own.")] = 0,
    data: Data = None,
    config: Config = None,
) -> None:
    """Train a LoRA from the feedback; it goes live only if it measures better."""
    from rich.console import Console  # noqa: PLC0415  # see the top

    from bot.learning import learn_by_hand  # noqa: PLC0415  # see the top

    settings, console = _settings(config, data), Console()
    learn_by_hand(settings, console, recipe=recipe, search=search, dataset=dataset, place=place)


@loras.command("list")
def list_(*, data: Data = None, config: Config = None) -> None:
    """List the LoRAs, the trial that runs, and how the newest run went."""
    from rich.console import Console  # noqa: PLC0415  # see the top

    from bot.learning import show_loras  # noqa: PLC0415  # see the top

    show_loras(_settings(config, data), Console())


@loras.command()
def promote(name: Name, *, data: Data = None, config: Config = None) -> None:
    """Make a LoRA live; a running `taleturn run` follows within seconds."""
    from bot.learning import promote as go_live  # noqa: PLC0415  # see the top

    typer.echo(go_live(_settings(config, data), name))


@loras.command()
def rollback(
    *,
    place: Annotated[int, typer.Option(help="The place whose own LoRA is meant.")] = 0,
    data: Data = None,
    config: Config = None,
) -> None:
    """Bring back what was live before."""
    from bot.learning import roll_back  # noqa: PLC0415  # see the top

    typer.echo(roll_back(_settings(config, data), place))


@loras.command()
def ab(
    name: Name,
    *,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the places that hear it; 0 ends the trial.")
    ] = 0.5,
    data: Data = None,
    config: Config = None,
) -> None:
    """Let a LoRA write in a share of the places, beside the live one."""
    from bot.learning import begin_trial  # noqa: PLC0415  # see the top

    typer.echo(begin_trial(_settings(config, data), name, share))


@database.command()
def upgrade(revision: Revision = "head", *, data: Data = None, config: Config = None) -> None:
    """Bring the tables up to this program, or to a revision."""
    from core.storage import database as tables  # noqa: PLC0415  # see the top

    url = configuration.database_url(_settings(config, data))
    tables.upgrade(url, revision)
    typer.echo(tables.current(url) or "base")


@database.command()
def downgrade(
    revision: Revision,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take the tables back to a revision; what only newer ones hold is lost."""
    from core.storage import database as tables  # noqa: PLC0415  # see the top

    if not yes:
        typer.confirm("What only the newer tables hold will be lost. Go on?", abort=True)
    url = configuration.database_url(_settings(config, data))
    tables.downgrade(url, revision)
    typer.echo(tables.current(url) or "base")


@database.command()
def current(*, data: Data = None, config: Config = None) -> None:
    """Tell the revision of the tables."""
    from core.storage import database as tables  # noqa: PLC0415  # see the top

    typer.echo(tables.current(configuration.database_url(_settings(config, data))) or "base")
