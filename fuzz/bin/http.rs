#![no_main]

wordspace_fuzz::fuzz!(http::http);
