//! A painted drawing as a PNG file.

use super::raster::Pixels;

/// Encodes `pixels`.
pub fn png(pixels: &Pixels) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, pixels.width as u32, pixels.height as u32);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_compression(::png::Compression::High);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels.bytes)?;
        writer.finish()
    });
    written.expect("a page is not empty, and memory takes all that is written");
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::drawing::{Drawing, Ink};
    use crate::picture::raster::paint;

    #[test]
    fn a_decoder_reads_the_same_pixels() {
        let mut drawing = Drawing::new(30.0, 20.0, String::new());
        drawing.line(&[[2.0, 3.0], [25.0, 17.0]], 2.0, Ink::Class(1), 0.8);
        let pixels = paint(&drawing, false);
        let file = png(&pixels);
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut read = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut read).unwrap();
        assert_eq!((info.width as usize, info.height as usize), (pixels.width, pixels.height));
        assert_eq!(read, pixels.bytes);
    }
}
