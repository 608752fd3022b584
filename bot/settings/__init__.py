"""Settings: one file and the environment, checked as a whole before anything starts."""

from bot.settings.loading import load
from bot.settings.settings import Settings, Tokens
from bot.settings_file import SettingsError

__all__ = ["Settings", "SettingsError", "Tokens", "load"]
