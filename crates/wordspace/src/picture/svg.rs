//! A drawing as SVG.

use std::fmt::Write;

use super::drawing::{Anchor, Drawing, INKS, Ink, Shape, Theme};

/// Fonts of about the width of the one that texts are measured in.
const FONTS: &str = "Ubuntu,system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif";

/// `drawing` as a self-contained SVG document.
pub fn svg(drawing: &Drawing, theme: Theme) -> String {
    let (width, height, title) = (drawing.width, drawing.height, escape(&drawing.title));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{}</style>\n",
        style(theme)
    );
    for shape in &drawing.shapes {
        writeln!(svg, "{}", element(shape)).expect("writing to a string cannot fail");
    }
    svg.push_str("</svg>\n");
    svg
}

/// Escapes `words` for XML text and attributes.
pub fn escape(words: &str) -> String {
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // Control characters are not allowed in XML at all.
    escaped.replace(|c: char| c.is_control() || c == '\u{fffe}' || c == '\u{ffff}', "\u{fffd}")
}

/// Two CSS classes per ink, one for fills and one for strokes. Text has a rim of paper, so that lines under it do not disturb.
fn style(theme: Theme) -> String {
    let colours = |nth: usize| -> String {
        let ink = |(_, name, colour): &(Ink, &str, [u32; 2])| {
            format!(".{name}{{fill:#{0:06x}}}.{name}-l{{fill:none;stroke:#{0:06x}}}", colour[nth])
        };
        let letters = format!("text{{stroke:#{:06x}}}", INKS[0].2[nth]);
        INKS.iter().map(ink).chain([letters]).collect()
    };
    let form = format!(
        "text{{font-family:{FONTS};paint-order:stroke;stroke-width:3px;stroke-linejoin:round}}\
         polyline{{stroke-linejoin:round;stroke-linecap:round}}"
    );
    match theme {
        Theme::Light => form + &colours(0),
        Theme::Dark => form + &colours(1),
        Theme::Auto => format!("{form}{}@media(prefers-color-scheme:dark){{{}}}", colours(0), colours(1)),
    }
}

fn element(shape: &Shape) -> String {
    let name = |ink: &Ink| INKS[ink.index()].1;
    match shape {
        Shape::Line { points, width, ink, opacity } => {
            let opacity = attribute("opacity", *opacity);
            let points = point_list(points);
            format!(r#"<polyline class="{}-l" stroke-width="{width:.1}"{opacity} points="{points}"/>"#, name(ink))
        }
        Shape::Polygon { points, ink, opacity } => {
            format!(
                r#"<polygon class="{}"{} points="{}"/>"#,
                name(ink),
                attribute("opacity", *opacity),
                point_list(points)
            )
        }
        Shape::Circle { at: [x, y], radius, ink, opacity } => {
            let opacity = attribute("opacity", *opacity);
            format!(r#"<circle class="{}"{opacity} cx="{x:.1}" cy="{y:.1}" r="{radius:.1}"/>"#, name(ink))
        }
        Shape::Text { at: [x, y], size, anchor, ink, opacity, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => r#" text-anchor="middle""#,
                Anchor::End => r#" text-anchor="end""#,
            };
            let opacity = attribute("opacity", *opacity);
            let (class, text) = (name(ink), escape(text));
            format!(r#"<text class="{class}"{anchor}{opacity} font-size="{size}" x="{x:.1}" y="{y:.1}">{text}</text>"#)
        }
    }
}

fn point_list(points: &[[f64; 2]]) -> String {
    points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// ` name="value"`, or nothing if the value is 1.
fn attribute(name: &str, value: f64) -> String {
    if value < 1.0 { format!(r#" {name}="{value:.2}""#) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_words_is_escaped() {
        assert_eq!(escape("<script> & \"x\"\u{1}"), "&lt;script&gt; &amp; &quot;x&quot;\u{fffd}");
    }

    #[test]
    fn the_auto_theme_has_both_palettes_and_light_only_one() {
        let drawing = Drawing::new(10.0, 10.0, "a < b".into());
        let (auto, light) = (svg(&drawing, Theme::Auto), svg(&drawing, Theme::Light));
        assert!(auto.contains("prefers-color-scheme:dark") && auto.contains("#14171c") && auto.contains("#ffffff"));
        assert!(!light.contains("#14171c") && light.contains("<title>a &lt; b</title>"));
    }
}
