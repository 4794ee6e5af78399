"""Kinds of round: each one labelling page, one instruction, one form of answer."""
