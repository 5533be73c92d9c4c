//! Files that hold no vectors, or hold them in a format that is not read: what they are, and what to do about it.

/// The first bytes of such files, and the message.
const FIRST_BYTES: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "it is compressed (gzip); unpack it first: gunzip -k FILE"),
    (b"\xfd7zXZ\0", "it is compressed (xz); unpack it first: unxz -k FILE"),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd); unpack it first: unzstd FILE"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it first"),
    (b"PAR1", "it is a Parquet file; in Python: pandas.read_parquet(FILE).to_csv(\"vectors.csv\", index=False)"),
    (b"ARROW1", "it is an Arrow file; in Python: pandas.read_feather(FILE).to_csv(\"vectors.csv\", index=False)"),
    (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file; save its table of vectors as .npy with numpy.save"),
    (b"GGUF", "it is a GGUF model; get the model in safetensors instead"),
    (b"FiFu", "it is a finalfusion file; convert it with `finalfusion convert -t word2vec`"),
    (b"SQLite format 3\0", "it is an SQLite database"),
    (b"\x89PNG\r\n", "it is an image (PNG)"),
    (b"\xff\xd8\xff", "it is an image (JPEG)"),
    (b"GIF8", "it is an image (GIF)"),
    (b"%PDF-", "it is a PDF document"),
    (b"\x7fELF", "it is a program"),
    (b"\xff\xfe", "it is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "it is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8"),
    (b"\xd8\xf9\x34\x01", "it is a file of token ids, not of vectors; give the folder of its run instead"),
    (b"version https://git-lfs", "it is a pointer of Git LFS, not the file itself; fetch the file with `git lfs pull`"),
];

/// The message for a file that starts with `bytes`, if it is a known kind from which no vectors can be read.
pub(super) fn by_first_bytes(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(zip(bytes).into());
    }
    if let [0x80, 2..=5, ..] = bytes {
        return Some(pickle(bytes).into());
    }
    if bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY") {
        return Some("it is compressed (bzip2); unpack it first: bunzip2 -k FILE".into());
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("it is an archive (tar); unpack it first: tar -xf FILE".into());
    }
    let known = FIRST_BYTES.iter().find(|(first, _)| bytes.starts_with(first));
    known.map(|(_, what)| (*what).into())
}

fn zip(bytes: &[u8]) -> &'static str {
    if contains(bytes, b"data.pkl") {
        "it is a PyTorch file (a zip archive of pickles, which can run code); save the model as safetensors: in Python, \
         model.save_pretrained(FOLDER)"
    } else if contains(bytes, b".npy") {
        "it is a NumPy archive (np.savez); save the one table as .npy: in Python, \
         numpy.save(\"vectors.npy\", numpy.load(FILE)[NAME])"
    } else {
        "it is a zip archive; unpack it first: unzip FILE"
    }
}

fn pickle(bytes: &[u8]) -> &'static str {
    if contains(bytes, b"gensim") {
        "it is gensim's own file (a Python pickle, which can run code); in Python: \
         KeyedVectors.load(FILE).save_word2vec_format(\"vectors.bin\", binary=True)"
    } else {
        "it is a Python pickle, which can run code; save the vectors as .npy (numpy.save) or safetensors"
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The message for a text with these lines, if it is a known kind without vectors.
pub(super) fn by_text(lines: &[&[u8]]) -> Option<String> {
    let first = lines.first()?.to_ascii_lowercase();
    let first = first.trim_ascii_start();
    if first.starts_with(b"<!doctype html") || first.starts_with(b"<html") {
        return Some("it is a web page; the download probably saved an error page instead of the file".into());
    }
    if first.starts_with(b"<?xml") || first.starts_with(b"<svg") {
        return Some("it is an XML document".into());
    }
    let is_json = first.starts_with(b"{") || first.starts_with(b"[");
    is_json.then(|| match lines.iter().take(20).any(|line| contains(line, b"\"model\"")) {
        true => "it is a tokenizer (JSON), which has ids and no vectors; give the folder of the model instead".into(),
        false => "it is JSON, which has no vectors; if it is a vocabulary, give the folder of its model instead".into(),
    })
}
