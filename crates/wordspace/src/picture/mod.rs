//! Pictures: of a run, [`meeting`], and of words in space, [`projection::picture`], as SVG and PNG.

mod drawing;
mod font;
mod labels;
mod map;
pub mod meeting;
mod png;
pub mod projection;
mod raster;
mod space;
mod svg;

pub use drawing::{Drawing, Theme};
pub use svg::svg;

/// `drawing` as a PNG file, in light colours and twice as large.
pub fn png(drawing: &Drawing) -> Vec<u8> {
    png::png(&raster::paint(drawing))
}
