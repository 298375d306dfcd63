"""The course in its languages.

English is what is written and executed. Another language has a folder in `notebooks/`: chapters
whose prose is translated and whose code cells and outputs follow the English ones (`follow`), a
glossary that keeps terms constant (`glossary`), the texts of the cards. `words` holds what the
site's frame says.
"""

from cvlib.course.editions.edition import EDITIONS, ENGLISH, TRANSLATIONS, Edition

__all__ = ["EDITIONS", "ENGLISH", "TRANSLATIONS", "Edition"]
