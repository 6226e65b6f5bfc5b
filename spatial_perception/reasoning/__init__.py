"""Answers about a scene from its geometry alone, without a language model."""
