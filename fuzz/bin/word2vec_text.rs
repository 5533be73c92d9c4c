#![no_main]

wordspace_fuzz::fuzz!(vectors::word2vec_text);
