#![no_main]

wordspace_fuzz::fuzz!(models::static_embedding);
