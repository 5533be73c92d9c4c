"""gensim's own tests of KeyedVectors, with wordspace's class in the place of gensim's."""

import unittest
import warnings

import gensim.models
import gensim.models.keyedvectors
import gensim.test.test_keyedvectors as theirs
import pytest

import wordspace

# What cannot pass, and why.
CANNOT = {
    "TestKeyedVectors.test_load_model_and_vocab_file_ignore": 'words are read with unicode_errors "strict" or "replace"',
    "Gensim320Test.test": "a pickle of gensim's classes is refused: only gensim can read it",
    "LoadWord2VecFormatTest.test_load_word2vec_format_basic": "tests a private function that fills gensim's own fields",
    "LoadWord2VecFormatTest.test_load_word2vec_format_limit": "tests a private function that fills gensim's own fields",
    "LoadWord2VecFormatTest.test_load_word2vec_format_space_stripping": "tests a private function that fills gensim's own fields",
}


def cases():
    suite = unittest.defaultTestLoader.loadTestsFromModule(theirs)
    for group in suite:
        yield from group


def name(case):
    return f"{type(case).__name__}.{case._testMethodName}"


@pytest.mark.parametrize("case", list(cases()), ids=name)
def test_as_gensim_does(case, monkeypatch):
    for module in (theirs, gensim.models, gensim.models.keyedvectors):
        monkeypatch.setattr(module, "KeyedVectors", wordspace.KeyedVectors)
    result = unittest.TestResult()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.run(result)
    found = [text for _, text in [*result.errors, *result.failures]]
    if name(case) in CANNOT:
        assert found, f"passes now; remove it from the list: {CANNOT[name(case)]}"
    else:
        assert not found, found[0]
