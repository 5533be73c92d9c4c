#![no_main]

wordspace_fuzz::fuzz!(models::tokenizer);
