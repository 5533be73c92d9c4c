//! NumPy's `.npy`: magic number, version, the length of the header, the header as a Python dictionary, and the values
//! (NEP 1). Tables `[V, C]` of 16, 32 and 64-bit floats in C order can be read; the words are in a word list beside the file.

use std::io::Write;
use std::path::Path;

use super::dtype::Dtype;
use super::input::Input;
use super::mapped_table::{self, TableLocation};
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::report::Reason;
use super::rows::Rows;
use super::word_list::WordList;
use crate::Result;

/// The magic number.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header, NumPy's own limit (`max_header_size`).
const MAX_HEADER: usize = 10_000;

/// Reads the file at `path` and the word list beside it.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    let header = read_header(&mut input)?;
    let (dtype, [promised, dimension]) = parse_header(&header).map_err(|problem| input.bad(problem))?;
    let row_bytes = dimension.checked_mul(dtype.bytes() as u64).filter(|&bytes| bytes > 0);
    let Some(row_bytes) = row_bytes.filter(|&bytes| bytes <= input.left()) else {
        return Err(input.bad(format!(
            "its header promises an array of {promised} × {dimension}, but {} bytes follow, less than a row",
            input.left()
        )));
    };
    let whole = input.left() / row_bytes;
    let wanted = how.limit.map_or(promised, |limit| promised.min(limit as u64));
    let words = WordList::beside(path, promised, wanted)?;
    if dtype == Dtype::Float32 && promised.checked_mul(row_bytes) == Some(input.left()) {
        let location = TableLocation { first: input.offset(), rows: promised, dimension: dimension as usize };
        if let Some(loaded) = mapped_table::map(path, &location, &words, how) {
            return Ok(loaded);
        }
    }

    let mut rows = Rows::new(dimension as usize, promised.min(whole), how);
    let (mut bytes, mut values) = (vec![0; row_bytes as usize], Vec::with_capacity(dimension as usize));
    for word in words.iter() {
        let offset = input.offset();
        if rows.is_full() || input.left() == 0 {
            break;
        }
        if !input.fill(&mut bytes)? {
            rows.skip(Reason::CutShort, offset, || format!("a row has {row_bytes} bytes"));
            break;
        }
        values.clear();
        dtype.append(&bytes, &mut values);
        rows.add(word, &values, offset);
    }
    rows.expect(promised);
    if !rows.is_full() && rows.count() == promised {
        rows.report.bytes_left_over = input.left();
    }
    rows.finish(path, dtype, how)
}

/// Reads the text of the header.
fn read_header(input: &mut Input<'_>) -> Result<String> {
    let mut start = [0; 8];
    let short = "it ends within its header; it has probably been cut short";
    if !input.fill(&mut start)? || start[..6] != *MAGIC {
        return Err(input.bad(short));
    }
    let mut length = [0; 4];
    let is_read = match (start[6], start[7]) {
        (1, 0) => input.fill(&mut length[..2])?,
        (2 | 3, 0) => input.fill(&mut length)?,
        (major, minor) => {
            return Err(
                input.bad(format!("it is of version {major}.{minor} of .npy; expected version 1.0, 2.0 or 3.0"))
            );
        }
    };
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER {
        return Err(input.bad(format!(
            "its header has {length} bytes; a plain array's has some 120 (NumPy reads no more than {MAX_HEADER})"
        )));
    }
    let mut header = vec![0; length];
    if !is_read || !input.fill(&mut header)? {
        return Err(input.bad(short));
    }
    String::from_utf8(header).map_err(|_| input.bad("its header is not UTF-8 text"))
}

/// The type of the values and the shape `[V, C]`, from a dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (41, 100), }`.
fn parse_header(header: &str) -> std::result::Result<(Dtype, [u64; 2]), String> {
    let shown = header.trim();
    let entries = entries(header).ok_or_else(|| format!("its header is not a dictionary of Python: {shown}"))?;
    if let Some((key, _)) = entries.iter().find(|(key, _)| !["descr", "fortran_order", "shape"].contains(key)) {
        return Err(format!("its header has a key {key:?}; expected descr, fortran_order and shape: {shown}"));
    }
    let value = |key: &str| {
        // As in Python, the last value of a key counts.
        let found = entries.iter().rev().find(|(found, _)| *found == key).map(|(_, value)| *value);
        found.ok_or_else(|| format!("its header has no {key}: {shown}"))
    };
    let name = quoted(value("descr")?).filter(|(_, behind)| behind.is_empty()).map(|(name, _)| name);
    let dtype = name.and_then(dtype_of).ok_or_else(|| {
        let found = name.unwrap_or("a structure");
        format!(
            "its values are of type {found}; expected <f2, <f4 or <f8 (in Python: numpy.save(FILE, \
             array.astype(\"<f4\")))"
        )
    })?;
    match value("fortran_order")? {
        "False" => {}
        "True" => {
            return Err("it is in Fortran order; in Python: numpy.save(FILE, numpy.ascontiguousarray(array))".into());
        }
        other => return Err(format!("its fortran_order is {other}; expected False")),
    }
    let shape = value("shape")?;
    let sizes = shape.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).map(str::trim);
    let sizes = sizes.map(|sizes| sizes.strip_suffix(',').unwrap_or(sizes).split(','));
    // Python 2 wrote large integers with an L.
    let size = |size: &str| size.trim().trim_end_matches('L').parse().ok();
    match sizes.and_then(|sizes| sizes.map(size).collect::<Option<Vec<u64>>>()).as_deref() {
        Some(&[rows, dimension]) => Ok((dtype, [rows, dimension])),
        _ => Err(format!("its shape is {shape}; expected a table (words, values of each)")),
    }
}

/// The type that NumPy calls `name`: it saves `<f4`, and also reads a letter for the type, and other marks of the byte order.
fn dtype_of(name: &str) -> Option<Dtype> {
    match name.strip_prefix(['<', '=', '|']).unwrap_or(name) {
        "f2" | "e" => Some(Dtype::Float16),
        "f4" | "f" => Some(Dtype::Float32),
        "f8" | "d" => Some(Dtype::Float64),
        _ => None,
    }
}

/// The keys of a dictionary in Python's spelling, each with the text of its value.
fn entries(dictionary: &str) -> Option<Vec<(&str, &str)>> {
    let (mut rest, mut all) = (dictionary.trim().strip_prefix('{')?.trim_start(), Vec::new());
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return behind.is_empty().then_some(all);
        }
        let (key, behind) = quoted(rest)?;
        let text = behind.trim_start().strip_prefix(':')?;
        let (value, behind) = text.split_at(end_of_value(text)?);
        all.push((key, value.trim()));
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
    }
}

/// The text within the quotation marks with which `text` begins, and what follows them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (quote, rest) = text.split_at_checked(1)?;
    matches!(quote, "'" | "\"").then(|| rest.split_once(quote))?
}

/// The offset of the comma or brace that ends the value with which `text` begins.
fn end_of_value(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    let is_end = |&(_, byte): &(usize, u8)| {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[') => depth += 1,
            (None, b')' | b']') => depth -= 1,
            (None, _) => return depth == 0 && matches!(byte, b',' | b'}'),
        }
        false
    };
    text.bytes().enumerate().find(is_end).map(|(at, _)| at)
}

/// Writes `table` as NumPy does: version 1.0, the header padded so that the values start at a multiple of 64.
pub(super) fn write(table: &OutputTable<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let (rows, dimension) = (table.len(), table.dimension());
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    table.each_row(|_, row| out.write_all(&row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_header_may_have_any_order() {
        let header = "{'shape': (41,100), 'fortran_order':False, 'descr': '<f2'}\n";
        assert_eq!(parse_header(header), Ok((Dtype::Float16, [41, 100])));
    }

    #[test]
    fn quotation_marks_and_spaces_are_pythons() {
        let header = "{\"descr\" : \"<f8\",\n\"fortran_order\":False,'shape':( 3L , 2, )}  \n";
        assert_eq!(parse_header(header), Ok((Dtype::Float64, [3, 2])));
    }

    #[test]
    fn types_may_have_their_other_names() {
        for (name, dtype) in
            [("<e", Dtype::Float16), ("f4", Dtype::Float32), ("|f4", Dtype::Float32), ("=d", Dtype::Float64)]
        {
            let header = format!("{{'descr': '{name}', 'fortran_order': False, 'shape': (1, 2)}}");
            assert_eq!(parse_header(&header), Ok((dtype, [1, 2])), "{name}");
        }
    }

    #[track_caller]
    fn refuses(header: &str, expected: &str) {
        let error = parse_header(header).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn headers_of_other_arrays_are_refused_with_advice() {
        refuses("{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }", "type |O");
        refuses("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", "astype");
        refuses("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2), }", "a structure");
        refuses("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "ascontiguousarray");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", "its shape is (7,)");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999), }", "expected a table");
        refuses("{'descr': '<f4', 'fortran_order': False}", "no shape");
        refuses("{'descr': '<f4', 'fortran_order': Falsf, 'shape': (1, 2)}", "fortran_order is Falsf");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,, 2)}", "its shape is (1,, 2)");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'x': 1}", "a key \"x\"");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)} (", "not a dictionary");
        refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)", "not a dictionary");
        refuses("", "not a dictionary");
    }
}
