//! A drawing as a list of shapes: what is written as SVG and painted as PNG alike.

/// What is drawn, in pixels from the top left, later shapes over earlier ones.
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    /// What it shows, for those who cannot see it.
    pub title: String,
    pub shapes: Vec<Shape>,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line { points: Vec<[f64; 2]>, width: f64, ink: Ink, opacity: f64 },
    /// The area inside points.
    Area { points: Vec<[f64; 2]>, ink: Ink, opacity: f64 },
    /// A disc.
    Disc { at: [f64; 2], radius: f64, ink: Ink, opacity: f64 },
    /// A line of text; `at` is on its base line.
    Text { at: [f64; 2], size: f64, anchor: Anchor, ink: Ink, opacity: f64, text: String },
}

/// Which point of a text lies where it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// What a shape is drawn in; its colour is the theme's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Paper,
    Text,
    Quiet,
    Grid,
    /// The colour of a class, by number.
    Class(usize),
}

/// Light colours, dark colours, or what the viewer prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    Light,
    Dark,
    Auto,
}

/// How many classes have a colour of their own; after that they differ by their marker.
pub const COLOURS: usize = 7;

/// Every ink with its colour in the light and in the dark. The classes' colours stay apart for the colour-blind (Okabe and
/// Ito 2008), lightened for the dark.
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
    /// Its place in [`INKS`].
    pub fn place(self) -> usize {
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
    pub fn new(width: f64, height: f64, title: String) -> Self {
        let corners = vec![[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
        let paper = Shape::Area { points: corners, ink: Ink::Paper, opacity: 1.0 };
        Self { width, height, title, shapes: vec![paper] }
    }

    pub fn line(&mut self, points: &[[f64; 2]], width: f64, ink: Ink, opacity: f64) {
        self.shapes.push(Shape::Line { points: points.to_vec(), width, ink, opacity });
    }

    pub fn text(&mut self, at: [f64; 2], size: f64, anchor: Anchor, ink: Ink, text: &str) {
        self.shapes.push(Shape::Text { at, size, anchor, ink, opacity: 1.0, text: text.to_string() });
    }

    /// The mark of class `class` (counted from 0; every [`COLOURS`] classes the form changes), as large as a disc of
    /// `radius`, on a rim of paper that keeps it off its neighbours.
    pub fn mark(&mut self, at: [f64; 2], radius: f64, class: usize, opacity: f64) {
        let ink = Ink::Class(class);
        let form =
            |corners: &[(f64, f64)], by: f64| corners.iter().map(|&(x, y)| [at[0] + x * by, at[1] + y * by]).collect();
        let corners: &[(f64, f64)] = match class / COLOURS % 4 {
            0 => &[],
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
            _ => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        };
        if corners.is_empty() {
            self.shapes.push(Shape::Disc { at, radius: radius + 1.0, ink: Ink::Paper, opacity });
            self.shapes.push(Shape::Disc { at, radius, ink, opacity });
        } else {
            self.shapes.push(Shape::Area { points: form(corners, radius + 1.2), ink: Ink::Paper, opacity });
            self.shapes.push(Shape::Area { points: form(corners, radius), ink, opacity });
        }
    }
}
