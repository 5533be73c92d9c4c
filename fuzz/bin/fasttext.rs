#![no_main]

wordspace_fuzz::fuzz!(vectors::fasttext);
