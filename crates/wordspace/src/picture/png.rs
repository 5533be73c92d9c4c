//! Pixels as a PNG file (W3C PNG, RFC 1950 and 1951).
//!
//! A page is mostly paper, so repetition is all that is looked for and the fixed code is good enough: a few hundred kB.

use super::raster::Pixels;

/// A repetition is looked for this far back and is up to so long, as the format allows.
const WINDOW: usize = 32_768;
const LONGEST: usize = 258;
const HASHES: usize = 1 << 15;

/// The file of `pixels`.
pub fn png(pixels: &Pixels) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend((pixels.width as u32).to_be_bytes());
    header.extend((pixels.height as u32).to_be_bytes());
    // Eight bits of red, green and blue; the only ways of packing and filtering; rows from the top.
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &zlib(&filtered(pixels)));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let checked = file.len();
    file.extend(name);
    file.extend(content);
    let checksum = crc32(&file[checked..]);
    file.extend(checksum.to_be_bytes());
}

/// Each row as its difference to the one above: nothing, mostly.
fn filtered(pixels: &Pixels) -> Vec<u8> {
    let length = pixels.width * 3;
    let mut above = vec![0; length];
    let mut all = Vec::with_capacity((length + 1) * pixels.height);
    for row in pixels.bytes.chunks_exact(length) {
        all.push(2);
        all.extend(row.iter().zip(&above).map(|(byte, above)| byte.wrapping_sub(*above)));
        above.copy_from_slice(row);
    }
    all
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x9c];
    out.extend(deflate(bytes));
    out.extend(adler32(bytes).to_be_bytes());
    out
}

/// One block in the fixed code.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 1);
    bits.put(1, 2);
    // Where three bytes of a hash were last seen, counted from 1.
    let mut seen = vec![0; HASHES];
    let mut at = 0;
    while at < bytes.len() {
        let (length, distance) = repetition(bytes, at, &mut seen);
        match length {
            0 => bits.literal(bytes[at] as u32),
            _ => bits.repeat(length, distance),
        }
        at += length.max(1);
    }
    bits.literal(256);
    bits.bytes()
}

/// How many bytes from `at` on were there before, and how far back; 0 if fewer than three.
fn repetition(bytes: &[u8], at: usize, seen: &mut [usize]) -> (usize, usize) {
    let Some(three) = bytes.get(at..at + 3) else { return (0, 0) };
    let key = u32::from_le_bytes([three[0], three[1], three[2], 0]);
    let before = std::mem::replace(&mut seen[(key.wrapping_mul(0x9e37_79b1) >> 17) as usize], at + 1);
    let distance = (at + 1).wrapping_sub(before);
    if before == 0 || distance > WINDOW {
        return (0, 0);
    }
    let old = &bytes[before - 1..];
    let length = old.iter().zip(&bytes[at..]).take(LONGEST).take_while(|(a, b)| a == b).count();
    if length < 3 { (0, 0) } else { (length, distance) }
}

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    waiting: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, bits: u32) {
        self.waiting |= (value as u64) << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.out.push(self.waiting as u8);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// A code, whose highest bit comes first.
    fn code(&mut self, code: u32, bits: u32) {
        self.put(code.reverse_bits() >> (32 - bits), bits);
    }

    /// A byte, the end (256) or the symbol of a length, in the fixed code.
    fn literal(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    fn repeat(&mut self, length: usize, distance: usize) {
        match length {
            LONGEST => self.literal(285),
            _ => {
                let (symbol, extra, bits) = stepped(length as u32 - 3, 4);
                self.literal(257 + symbol);
                self.put(extra, bits);
            }
        }
        let (symbol, extra, bits) = stepped(distance as u32 - 1, 2);
        self.code(symbol, 5);
        self.put(extra, bits);
    }

    fn bytes(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.out
    }
}

/// The symbol of a number, with the bits that follow it: `steps` symbols, a power of two, for every doubling.
fn stepped(number: u32, steps: u32) -> (u32, u32, u32) {
    if number < 2 * steps {
        return (number, 0, 0);
    }
    let bits = number.ilog2() - steps.ilog2();
    (bits * steps + (number >> bits), number & ((1 << bits) - 1), bits)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ byte as u32, step))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1, 0);
    for &byte in bytes {
        a = (a + byte as u32) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn numbers_get_the_symbols_of_the_format() {
        // RFC 1951, 3.2.5: lengths 10, 11, 12, 257 and distances 4, 5, 7, 32768.
        assert_eq!([7, 8, 9, 254].map(|n| stepped(n, 4)), [(7, 0, 0), (8, 0, 1), (8, 1, 1), (27, 30, 5)]);
        assert_eq!([3, 4, 6, 32_767].map(|n| stepped(n, 2)), [(3, 0, 0), (4, 0, 1), (5, 0, 1), (29, 8191, 13)]);
    }

    #[test]
    fn repetition_is_packed_as_zlib_reads_it() {
        // zlib.decompress of each gives the text back.
        assert_eq!(deflate(b""), [0x03, 0x00]);
        assert_eq!(deflate(b"aaaaaaaaaa"), [0x4b, 0x84, 0x03, 0x00]);
        assert_eq!(zlib(b"aaaaaaaaaa"), *b"\x78\x9c\x4b\x84\x03\x00\x14\xe1\x03\xcb");
    }
}
