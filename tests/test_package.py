"""The package as a whole: its public names, its version, what its import brings along."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.resources
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import openai_conversations

NOT_CORE = {f"openai_conversations.{package}" for package in ("cli", "server", "testing", "integrations")} | {
    "aiohttp.web",
    "cyclopts",
    "pytest",
    "rich",
    "sqlite3",
}


def _run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_all_is_sorted():
    """The public names stand in the order of the alphabet, each once."""
    assert sorted(set(openai_conversations.__all__)) == list(openai_conversations.__all__)


@pytest.mark.parametrize("name", openai_conversations.__all__)
def test_all_is_there(name):
    """Every public name can be had, also where it is loaded on first use."""
    assert getattr(openai_conversations, name) is not None


def test_star_import():
    """``from openai_conversations import *`` gives exactly the public names."""
    names: dict[str, object] = {}
    exec("from openai_conversations import *", names)  # noqa: S102

    assert set(openai_conversations.__all__) == names.keys() - {"__builtins__"}


def test_all_is_what_type_checkers_see():
    """The public names are those that the package imports for type checkers: nothing is listed a second time."""
    tree = ast.parse(Path(openai_conversations.__file__).read_text(encoding="utf-8"))
    shown = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    names = [alias.asname for node in shown.body if isinstance(node, ast.ImportFrom) for alias in node.names]

    assert sorted(names) == openai_conversations.__all__


def test_import_loads_nothing():
    """Importing the package loads no other module of it but the one that serves its names."""
    loaded = _run("import sys, openai_conversations; print(*(m for m in sys.modules if m.startswith('openai_c')))")

    assert {"openai_conversations", "openai_conversations.lazy"} == set(loaded.split())


def test_names_are_looked_up_once():
    """A public name that was used is an ordinary attribute from then on."""
    message = openai_conversations.Message

    assert message is vars(openai_conversations)["Message"]


def test_import_from_a_zip(tmp_path):
    """Public names need no files on disk: the package works inside a zip."""
    package = Path(openai_conversations.__file__).parent
    with zipfile.ZipFile(tmp_path / "here.zip", "w") as archive:
        for path in package.rglob("*.py"):
            archive.write(path, path.relative_to(package.parent))
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'here.zip')!r})\n"

    assert "here.zip" in _run(f"{code}from openai_conversations import Message, omit, __file__; print(__file__)")


def test_dir_shows_lazy_names():
    """An editor that asks ``dir()`` is told every public name."""
    assert set() == set(openai_conversations.__all__) - set(dir(openai_conversations))


def test_unknown_name():
    """A name that is not there is an AttributeError that says which."""
    with pytest.raises(AttributeError, match="no_such_name"):
        openai_conversations.no_such_name  # noqa: B018


def test_version():
    """The version is the installed distribution's."""
    assert importlib.metadata.version("openai_conversations") == openai_conversations.__version__


@pytest.mark.parametrize("name", [name for name in openai_conversations.__all__ if name.endswith("Error")])
def test_errors_say_where_they_live(name):
    """A class that went through pickle is the class that users import."""
    error = getattr(openai_conversations, name)

    assert error is pickle.loads(pickle.dumps(error))  # noqa: S301


def test_import_leaves_the_rest_alone():
    """Importing the core and making a client imports no command line, no server, no test plugin, no integration."""
    modules = _run(
        "import sys\n"
        "before = set(sys.modules)\n"  # coverage brings sqlite3
        "import openai_conversations\n"
        "openai_conversations.ConversationsClient(api_key='k', base_url='http://127.0.0.1/v1')\n"
        "print(*(set(sys.modules) - before))"
    ).split()
    parts = {".".join(module.split(".")[:2]) for module in modules}

    assert set() == parts & NOT_CORE


def test_typed_marker_is_shipped():
    """Type checkers find the marker that says that the package is typed."""
    assert importlib.resources.files("openai_conversations").joinpath("py.typed").is_file()
