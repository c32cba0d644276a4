"""Wiring of the training room."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
