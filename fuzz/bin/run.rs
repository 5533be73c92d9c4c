#![no_main]

wordspace_fuzz::fuzz!(runs::run);
