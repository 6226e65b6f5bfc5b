"""Decoding of text from language models: one loop, grammar, drafts."""
