//! A drawing as a list of shapes, which `svg` writes and `raster` paints.

/// Shapes in pixels from the top left; later shapes cover earlier ones.
pub struct Drawing {
    /// Its width, in points.
    pub width: f64,
    /// Its height, in points.
    pub height: f64,
    /// The text alternative, for screen readers.
    pub title: String,
    /// What is drawn, the lowest first.
    pub shapes: Vec<Shape>,
}

/// A shape of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A polyline.
    Line { points: Vec<[f64; 2]>, width: f64, ink: Ink, opacity: f64 },
    /// A filled polygon.
    Polygon { points: Vec<[f64; 2]>, ink: Ink, opacity: f64 },
    /// A filled circle.
    Circle { at: [f64; 2], radius: f64, ink: Ink, opacity: f64 },
    /// A line of text; `at` is on its baseline.
    Text { at: [f64; 2], size: f64, anchor: Anchor, ink: Ink, opacity: f64, text: String },
}

/// Which end of a text its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A colour by its role; the theme says which colour that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Paper,
    Text,
    Quiet,
    Grid,
    /// The colour of a class, by its index.
    Class(usize),
}

/// Light or dark colours, or what the viewer prefers.
#[allow(missing_docs, reason = "the help text would list what their names say")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    Light,
    Dark,
    Auto,
}

/// Colours for classes. Classes beyond these reuse them with another marker shape.
pub const COLOURS: usize = 7;

/// Every ink with its name and its colours in the light and the dark theme. Class colours follow Okabe and Ito (2008), which the
/// colour-blind can tell apart; the dark theme lightens them.
pub const INKS: [(Ink, &str, [u32; 2]); 4 + COLOURS] = [
    (Ink::Paper, "paper", [0xffffff, 0x14171c]),
    (Ink::Text, "text", [0x1c1c1c, 0xececec]),
    (Ink::Quiet, "quiet", [0x5c5c5c, 0xa8a8a8]),
    (Ink::Grid, "grid", [0xdadada, 0x343a44]),
    (Ink::Class(0), "c0", [0x0072b2, 0x45a6e8]),
    (Ink::Class(1), "c1", [0xd55e00, 0xff8533]),
    (Ink::Class(2), "c2", [0x009e73, 0x2bc79c]),
    (Ink::Class(3), "c3", [0xb8548f, 0xe59ac6]),
    (Ink::Class(4), "c4", [0xe69f00, 0xf4be45]),
    (Ink::Class(5), "c5", [0x56b4e9, 0x9bd6fb]),
    (Ink::Class(6), "c6", [0x7a6a58, 0xc2b29f]),
];

impl Ink {
    /// Its index in [`INKS`].
    pub fn index(self) -> usize {
        match self {
            Self::Paper => 0,
            Self::Text => 1,
            Self::Quiet => 2,
            Self::Grid => 3,
            Self::Class(class) => 4 + class % COLOURS,
        }
    }
}

impl Drawing {
    /// A drawing with nothing on its paper.
    pub fn new(width: f64, height: f64, title: String) -> Self {
        let corners = vec![[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
        let paper = Shape::Polygon { points: corners, ink: Ink::Paper, opacity: 1.0 };
        Self { width, height, title, shapes: vec![paper] }
    }

    /// Draws a line through `points`.
    pub fn line(&mut self, points: &[[f64; 2]], width: f64, ink: Ink, opacity: f64) {
        self.shapes.push(Shape::Line { points: points.to_vec(), width, ink, opacity });
    }

    /// Writes `text`, of the font size `size`.
    pub fn text(&mut self, at: [f64; 2], size: f64, anchor: Anchor, ink: Ink, text: &str) {
        self.shapes.push(Shape::Text { at, size, anchor, ink, opacity: 1.0, text: text.to_string() });
    }

    /// The marker of class `class`, about as large as a circle of `radius`, with a rim of paper around it that separates it from
    /// its neighbours. The shape changes after every `COLOURS` classes.
    pub fn marker(&mut self, at: [f64; 2], radius: f64, class: usize, opacity: f64) {
        let ink = Ink::Class(class);
        let scaled =
            |corners: &[(f64, f64)], by: f64| corners.iter().map(|&(x, y)| [at[0] + x * by, at[1] + y * by]).collect();
        let corners: &[(f64, f64)] = match class / COLOURS % 4 {
            0 => &[],
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
            _ => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        };
        if corners.is_empty() {
            self.shapes.push(Shape::Circle { at, radius: radius + 1.0, ink: Ink::Paper, opacity });
            self.shapes.push(Shape::Circle { at, radius, ink, opacity });
        } else {
            self.shapes.push(Shape::Polygon { points: scaled(corners, radius + 1.2), ink: Ink::Paper, opacity });
            self.shapes.push(Shape::Polygon { points: scaled(corners, radius), ink, opacity });
        }
    }
}
