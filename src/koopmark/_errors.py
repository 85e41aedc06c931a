"""What a user did wrong, in a sentence."""


class ConfigError(ValueError):
    """Bad usage or configuration: one sentence naming the file, the key and what is allowed.

    The command line prints the sentence and exits with code 2, without a traceback.
    """
