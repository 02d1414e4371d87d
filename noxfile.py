"""
What is checked, and how.

``nox`` alone runs the tests on the current interpreter; ``nox -l`` lists the rest.
"""

from __future__ import annotations

import pathlib

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "virtualenv"  # what comes with nox: nothing else has to be there
nox.options.download_python = "never"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = False

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)

FULLY_COVERED = ("transport", "converters", "resources")
"""Rooms in which every branch is tested."""


def install(session: nox.Session, *groups: str, options: tuple[str, ...] = ()) -> None:
    """Install the project, editable, with its extras and some dependency groups; pip alone suffices."""
    session.install(*options, "--editable", ".[cli,testing]", *nox.project.dependency_groups(PROJECT, *groups))


def run_tests(session: nox.Session, *command: str) -> None:
    """Run the default tests, on all cores unless told otherwise: ``nox -s tests -- -n0 tests/transport``."""
    session.run(*(command or ("pytest",)), *(session.posargs or ("-n", "auto")))


@nox.session
def tests(session: nox.Session) -> None:
    """The tests and the examples of the documentation, on the current interpreter."""
    install(session, "tests")
    run_tests(session)


@nox.session(python=PYTHONS)
def tests_all(session: nox.Session) -> None:
    """The same on every supported Python that is here."""
    install(session, "tests")
    run_tests(session)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions of our dependencies that pyproject.toml allows."""
    constraints = pathlib.Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(wanted.replace(">=", "==") for wanted in PROJECT["project"]["dependencies"]))
    install(session, "tests", options=("--constraint", str(constraints)))
    session.run("pip", "list")
    run_tests(session)


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage: all of it in transport, converters and resources, the figure for the rest."""
    install(session, "tests")
    session.run("coverage", "erase")
    run_tests(session, "coverage", "run", "-m", "pytest")
    session.run("coverage", "combine", silent=True)
    session.run("coverage", "report")
    rooms = ",".join(f"openai_conversations/{room}/*" for room in FULLY_COVERED)
    session.run("coverage", "report", f"--include={rooms}", "--fail-under=100")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and its format; ``nox -s lint -- fix`` applies both."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    fix = "fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []), ".")
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")


@nox.session
def mypy(session: nox.Session) -> None:
    """Types by mypy, strict; also what tests/typing says of the public names."""
    install(session, "typing")
    session.run("mypy", *session.posargs)


@nox.session
def pyright(session: nox.Session) -> None:
    """Types by pyright, strict, and every public name completely typed."""
    install(session, "typing")
    session.run("pyright", *session.posargs)
    session.run("pyright", "--verifytypes", "openai_conversations", "--ignoreexternal")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation without a warning, and its examples executed."""
    install(session, "docs", "tests")
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-b", "html", "docs", "docs/_build/html")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Every property with 10,000 generated cases and more."""
    install(session, "tests")
    session.run(
        "pytest", "-m", "hypothesis or properties", "--hypothesis-profile=thorough", "-n", "auto", *session.posargs
    )


@nox.session
def soak(session: nox.Session) -> None:
    """100,000 appends through faults of every kind."""
    install(session, "tests")
    session.run("pytest", "-m", "soak", "-s", *session.posargs)


@nox.session
def traps(session: nox.Session) -> None:
    """The table of traps is what is measured now, times aside; ``nox -s traps -- write`` writes it."""
    install(session, "tests")
    session.run("python", "-m", "benchmarks.traps", *([] if "write" in session.posargs else ["--check"]))


@nox.session
def kills(session: nox.Session) -> None:
    """The embedded server is killed 50 times while it is written to, a bulk erase 20 times."""
    install(session, "tests")
    session.run("pytest", "-m", "kills", "-s", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Ours, the official client and handwritten aiohttp side by side: ``nox -s bench -- --rounds 9 --plot out.svg``."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def instructions(session: nox.Session) -> None:
    """The gate against slow changes that does not depend on the machine: instructions counted by valgrind."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks.instructions", *session.posargs)


@nox.session
def trace(session: nox.Session) -> None:
    """Which of our files a call passes, and that no layer calls one above it; ``-- --calls`` prints every call."""
    install(session, "tests")
    session.run("python", "-m", "benchmarks.trace", *session.posargs)


@nox.session
def rates(session: nox.Session) -> None:
    """Asked rates are held within 5 % and used to 90 %, in one process and by a Dask cluster of three workers."""
    install(session, "tests")
    session.run("pytest", "-m", "rates", "-s", *session.posargs)


@nox.session
def description(session: nox.Session) -> None:
    """Schemathesis against the embedded server: no 5xx, no answer outside the API's description."""
    install(session, "tests", "schemathesis")
    session.run("python", "-m", "tests.server.description_run", *session.posargs)
