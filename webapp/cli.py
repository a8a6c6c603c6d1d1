"""The command line: every command of the product, each importing only what it needs when it runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from webapp.config import load_settings
from webapp.core.errors import MoveprintError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a MoveprintError becomes one sentence on standard error and exit status 1.

    Where whoever reads the output has seen enough (`| head`) that is no fault: exit status 0.
    """
    arguments = _parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()  # a short text is written only now
        return status
    except BrokenPipeError:
        if _is_read():
            raise  # of something else, such as a connection
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's own flush at the end complains
        return 0
    except MoveprintError as error:
        print(f"moveprint: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _is_read() -> bool:
    """Whether anybody still reads the output: only a write tells, so that an empty line is written."""
    try:
        print(flush=True)
    except BrokenPipeError:
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webapp", description="Learn a movement, recognise it live.")
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="start everything: web process and worker, restarted when they die")
    serve.set_defaults(run=_serve)

    web = commands.add_parser("web", help="the web process alone (serve starts it)")
    web.set_defaults(run=_web)

    worker = commands.add_parser("worker", help="a worker alone, on this machine or another")
    worker.add_argument("--url", help="the web process, default http://HOST:PORT of the settings")
    worker.add_argument("--token-file", help="file with the worker token, default the one in the instance directory")
    worker.set_defaults(run=_worker)

    jobs = commands.add_parser(
        "jobs", help="what runs imports, automatic labels, exports and training (serve starts it)"
    )
    jobs.set_defaults(run=_jobs)

    recognise = commands.add_parser(
        "recognise", help="learn from a folder of takes or an action pack, recognise in a video file"
    )
    recognise.add_argument("video")
    recognise.add_argument("--actions", required=True, help="folder with ACTION/*.mp4, or an action pack")
    recognise.add_argument("--json", action="store_true", help="one JSON line per event")
    recognise.add_argument("--detector", help="person detector, in place of the setting's; see docs/settings.md")
    recognise.add_argument("--pose-model", help="pose model, in place of the setting's")
    recognise.set_defaults(run=_recognise)

    migrate = commands.add_parser("migrate", help="bring the database to this version's tables")
    migrate.set_defaults(run=_migrate)

    from webapp import accounts_command

    user = commands.add_parser("user", help="accounts: add, list, role, password")
    accounts_command.add_user_arguments(user)
    user.set_defaults(run=_user)

    _add_model_commands(commands)

    doctor = commands.add_parser("doctor", help="check what the product needs, say what to do for each failure")
    doctor.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    doctor.set_defaults(run=_doctor)

    warm_up = commands.add_parser("warm-up", help="do now what the first start would wait for")
    warm_up.set_defaults(run=_warm_up)

    from webapp.evaluation import options

    evaluate = commands.add_parser("evaluate", help="measure how well recognition does on labelled pose sequences")
    options.add_arguments(evaluate)
    evaluate.set_defaults(run=_evaluate)

    benches = ("live", "vision", "dtw", "spotter", "grid", "labelling", "datasets", "training")
    bench = commands.add_parser("bench", help=f"measure: {', '.join(benches)}")
    bench.add_argument("name", choices=benches)
    bench.add_argument("options", nargs=argparse.REMAINDER, help="see: bench NAME --help")
    bench.set_defaults(run=_bench)
    return parser


def _add_model_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Models, and what they are made of: weights, models, datasets, train, runs, export."""
    add_weights_arguments(commands.add_parser("weights", help="model files: list, pull, verify"))

    from webapp import models_options

    models = commands.add_parser("models", help="pose models of your own: list, add, remove")
    models_options.add_models_arguments(models)
    models.set_defaults(run=_models)

    from webapp import datasets_options

    datasets = commands.add_parser("datasets", help="labelled datasets: make, import, label, look over, export, freeze")
    datasets_options.add_datasets_arguments(datasets)
    datasets.set_defaults(run=_datasets)

    from webapp import training_options

    train = commands.add_parser("train", help="train a pose model on a dataset, in this process")
    training_options.add_train_arguments(train)
    train.set_defaults(run=_train)
    runs = commands.add_parser("runs", help="training runs: list, show, cancel, register, remove")
    training_options.add_runs_arguments(runs)
    runs.set_defaults(run=_runs)

    export = commands.add_parser(
        "export", help="a Keras pose model or a training run as TFLite or ONNX, with how far the two are apart"
    )
    models_options.add_export_arguments(export)
    export.set_defaults(run=_export)


def add_weights_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare list, pull and verify."""
    parser.set_defaults(run=_weights)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every model file: state, size, licence, source")
    actions.add_parser("verify", help="check the sha256 of every file that is here; exit status 1 if one is damaged")
    pull = actions.add_parser("pull", help="fetch model files from where their makers publish them, checked")
    names = "yolov5n (default), or others of the list, such as ssd_mobilenet, movenet_multipose"
    pull.add_argument("names", nargs="*", default=["yolov5n"], metavar="NAME", help=names)
    pull.add_argument(
        "--max-seconds", type=float, help="give up after this time in all, default a minute and a second a megabyte"
    )
    pull.add_argument("--optional", action="store_true", help="exit status 0 even when a file could not be fetched")


def _migrate(_arguments: argparse.Namespace) -> int:
    from webapp.accounts_command import migrate

    print(migrate(load_settings()))
    return 0


def _user(arguments: argparse.Namespace) -> int:
    from webapp.accounts_command import run_user

    print(run_user(arguments, load_settings()))
    return 0


def _serve(_arguments: argparse.Namespace) -> int:
    from webapp.supervisor import serve

    return serve(load_settings())


def _web(_arguments: argparse.Namespace) -> int:
    from webapp.web_process import run_web

    return run_web(load_settings())


def _worker(arguments: argparse.Namespace) -> int:
    from webapp.pipeline.worker import run_worker

    return run_worker(load_settings(), url=arguments.url, token_file=arguments.token_file)


def _jobs(_arguments: argparse.Namespace) -> int:
    from webapp.jobs.consumer import run_consumer

    return run_consumer(load_settings())


def _recognise(arguments: argparse.Namespace) -> int:
    from webapp.pipeline.messages import ModelChoice
    from webapp.recognise import recognise

    settings = load_settings()
    choice = ModelChoice(arguments.detector or settings.detector, arguments.pose_model or settings.pose_model)
    return recognise(settings, choice, arguments.video, arguments.actions, as_json=arguments.json)


def _weights(arguments: argparse.Namespace) -> int:
    from webapp.weights_command import run

    status, text = run(arguments, load_settings())
    print(text)
    return status


def _models(arguments: argparse.Namespace) -> int:
    from webapp.models_command import run

    print(run(arguments, load_settings()))
    return 0


def _datasets(arguments: argparse.Namespace) -> int:
    from webapp.datasets_command import run

    status, text = run(arguments, load_settings())
    print(text)
    return status


def _train(arguments: argparse.Namespace) -> int:
    from webapp.training_command import train

    status, text = train(arguments, load_settings())
    print(text)
    return status


def _runs(arguments: argparse.Namespace) -> int:
    from webapp.training_command import run

    status, text = run(arguments, load_settings())
    print(text)
    return status


def _export(arguments: argparse.Namespace) -> int:
    from webapp.export_command import run

    print(run(arguments, load_settings()))
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from webapp.doctor import run

    status, text = run(load_settings(), as_json=arguments.json)
    print(text)
    return status


def _warm_up(_arguments: argparse.Namespace) -> int:
    from webapp.warm_up import warm_up

    print(warm_up(load_settings()))
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from webapp.evaluation.command import run

    return run(arguments)


def _bench(arguments: argparse.Namespace) -> int:
    module = importlib.import_module(f"webapp.bench.{arguments.name}")
    parser = argparse.ArgumentParser(prog=f"python -m webapp bench {arguments.name}", description=module.__doc__)
    parser.add_argument("--json", action="store_true", help="last line of standard output is one flat JSON object")
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(arguments.options), load_settings()))
