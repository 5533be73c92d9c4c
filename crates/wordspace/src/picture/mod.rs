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
pub use font::lacks;
pub use svg::svg;

/// `drawing` as a PNG file, twice as large. A PNG cannot ask the viewer, so it is light unless dark is asked for.
pub fn png(drawing: &Drawing, theme: Theme) -> Vec<u8> {
    png::png(&raster::paint(drawing, theme == Theme::Dark))
}
