"""The fixtures of the writing tests: a server on a real socket, and a client that does not wait."""

from tests.writing.conftest import *  # noqa: F403  # fixtures are shared by being imported
