"""The fixtures of the writing tests: a server and clients of it, in virtual time."""

from tests.writing.conftest import *  # noqa: F403  # fixtures are shared by being imported
