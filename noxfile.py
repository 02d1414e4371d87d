"""
What is checked, and how.

``nox`` alone runs the tests on the current interpreter; ``nox -l`` lists the rest.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "virtualenv"  # what comes with nox: nothing else has to be there
nox.options.download_python = "never"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = False

PACKAGE = "openai_conversations"
PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)

AROUND = ("cli", "integrations", "server", "testing")
"""What stands on the core; a part of its branches runs only where something breaks that no test can break."""

PROJECT_FILES = (
    ("github-workflows", ".github/workflows/ci.yml"),
    ("dependabot", ".github/dependabot.yml"),
    ("github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml"),
    ("github-issue-forms", ".github/ISSUE_TEMPLATE/feature.yml"),
    ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ("readthedocs", ".readthedocs.yaml"),
)
"""Which schema, and the file that follows it."""

CORE_PERCENT, AROUND_PERCENT = 100, 97


def install(
    session: nox.Session, *groups: str, options: tuple[str, ...] = (), package: tuple[str, ...] = ("--editable", ".")
) -> None:
    """Install the project, editable if nothing else is said, with its extras and some dependency groups."""
    *flags, what = package
    session.install(*options, *flags, f"{what}[cli,testing]", *nox.project.dependency_groups(PROJECT, *groups))


def run_tests(session: nox.Session, *command: str, arguments: list[str] | None = None) -> None:
    """Run the default tests, on all cores unless told otherwise: ``nox -s tests -- -n0 tests/transport``."""
    given = session.posargs if arguments is None else arguments
    session.run(*(command or ("pytest",)), *(given or ("-n", "auto")))


def go_where_no_source_is(session: nox.Session) -> None:
    """Change to a copy of the tree without the package, so that the installed one is what is imported."""
    tree = pathlib.Path(session.create_tmp()).resolve() / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(".", tree, ignore=shutil.ignore_patterns(PACKAGE, ".*", "__pycache__", "dist", "_build"))
    session.chdir(tree)
    session.run("python", "-P", "-c", f"import {PACKAGE} as p; assert 'site-packages' in p.__file__; print(p.__file__)")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests and the documentation's examples, on this Python; ``-- --wheel dist/*.whl`` tests what was built."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--wheel", type=pathlib.Path)
    options, arguments = parser.parse_known_args(session.posargs)
    if options.wheel is None:
        install(session, "tests")
    else:
        install(session, "tests", package=(str(options.wheel.resolve()),))
        go_where_no_source_is(session)
    run_tests(session, arguments=arguments)


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
def elsewhere(session: nox.Session) -> None:
    """
    The tests on a machine that is not ours: an ASCII locale, another time zone, ``umask 077``, a home to read only.

    It says most as a user who is not root: nothing is read-only for root.
    """
    install(session, "tests")
    home = pathlib.Path(session.create_tmp()).resolve() / "home"
    home.mkdir(exist_ok=True)
    home.chmod(0o500)
    os.umask(0o077)
    surroundings = {"LANG": "C", "LC_ALL": "C", "TZ": "Pacific/Chatham", "HOME": str(home)}
    session.run("pytest", "-p", "no:cacheprovider", *(session.posargs or ("-n", "auto")), env=surroundings)


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage: every branch of the core, nearly every one of what stands on it."""
    install(session, "tests")
    session.run("coverage", "erase")
    run_tests(session, "coverage", "run", "-m", "pytest")
    session.run("coverage", "combine", silent=True)
    around = ",".join(f"{PACKAGE}/{name}/*" for name in AROUND)
    gates = [("core", f"--omit={around}", CORE_PERCENT), ("the rest", f"--include={around}", AROUND_PERCENT)]
    below: list[str] = []
    for name, which, percent in gates:
        session.log(f"{name}: at least {percent} %")
        session.run("coverage", "report", which)
        total = session.run("coverage", "report", which, "--format=total", "--precision=2", silent=True)
        if float(str(total)) < percent:
            below.append(f"{name}: {str(total).strip()} % of {percent} %")
    if below:
        session.error("; ".join(below))


@nox.session
def build(session: nox.Session) -> None:
    """The sdist and, from it, the wheel, into ``dist/``; ``-- release`` refuses what may not be published."""
    if "release" in session.posargs and ".example/" in PROJECT["project"]["urls"]["Source"]:
        session.error("the project has no public address: set [project.urls] in pyproject.toml")
    session.install("build", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", *map(str, pathlib.Path("dist").iterdir()))


@nox.session
def sdist(session: nox.Session) -> None:
    """The sdist passes its own tests, where nothing else of the repository is."""
    session.install("build")
    folder = pathlib.Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "sdist", ignore_errors=True)
    session.run("python", "-m", "build", "--sdist", "--outdir", str(folder / "sdist"))
    (archive,) = (folder / "sdist").iterdir()
    shutil.unpack_archive(archive, folder / "sdist", filter="data")
    session.chdir(folder / "sdist" / archive.name.removesuffix(".tar.gz"))
    install(session, "tests", package=(".",))
    run_tests(session)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and its format, and the files of the project for others; ``nox -s lint -- fix`` applies ruff's."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    fix = "fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []), ".")
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")
    for schema, file in PROJECT_FILES:
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", file)
    session.run("zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github")


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
    """The documentation without a warning, its examples read by mypy and executed."""
    install(session, "docs", "typing")
    # A fresh environment: what was read in an earlier run loses its entries in the index, and the search with them.
    session.run("sphinx-build", "-E", "-W", "-n", "--keep-going", "-b", "html", "docs", "docs/_build/html")
    session.run("python", "docs/_scripts/check_types.py")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Every property with 10,000 generated cases and more."""
    install(session, "tests")
    session.run(
        "pytest", "-m", "hypothesis or properties", "--hypothesis-profile=thorough", "-n", "auto", *session.posargs
    )


@nox.session
def histories(session: nox.Session) -> None:
    """300 random histories of writes through faults, at full length: every claim of every call is true."""
    install(session, "tests")
    session.run("pytest", "-m", "histories", *session.posargs)


@nox.session
def endurance(session: nox.Session) -> None:
    """A million calls by one client: file descriptors, tasks and memory stay as they are."""
    install(session, "tests")
    session.run("pytest", "-m", "endurance", "-s", *session.posargs)


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
    """The embedded server is killed 50 times while it is written to, 20 times amid turns, a bulk erase 20 times."""
    install(session, "tests")
    session.run("pytest", "-m", "kills", "-s", *session.posargs)


@nox.session
def javascript(session: nox.Session) -> None:
    """The official JavaScript client against the embedded server; skipped where Node or its registry is missing."""
    install(session, "tests")
    session.run("pytest", "-m", "javascript", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Ours, the official client and handwritten aiohttp side by side: ``nox -s bench -- --chart out.svg``."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)
    session.run("python", "-m", "benchmarks.events")


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
    """Schemathesis against the embedded server: no 5xx, no response outside the API's description."""
    install(session, "tests", "schemathesis")
    session.run("python", "-m", "tests.server.description_run", *session.posargs)
