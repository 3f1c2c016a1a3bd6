"""The thin trainer: datasets of the factory → models, over TRL, PEFT, mergekit and lm-eval.

It knows the columns of a dataset and nothing of how they were made: of `factory` it takes the model profiles, the
decontamination index, the tables of a TOML and the errors.
"""
