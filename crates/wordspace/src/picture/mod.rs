//! Pictures: of a run ([`meeting`]) and of projected words ([`projection`]), as SVG or PNG.

mod axes;
mod drawing;
mod font;
mod labels;
mod map;
mod markers;
pub mod meeting;
mod png;
pub mod projection;
mod raster;
mod space;
mod svg;

pub use drawing::{Drawing, Theme};
pub use font::lacks;
pub use svg::svg;

/// `drawing` as a PNG file at twice its size. A PNG cannot follow the viewer's theme, so `auto` is light.
pub fn png(drawing: &Drawing, theme: Theme) -> Vec<u8> {
    png::png(&raster::paint(drawing, theme == Theme::Dark))
}
