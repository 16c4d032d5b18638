use std::io;

use super::grid::Pixel;
use crate::cli::view::{colour::Colour, text};

/// Viridis, which reads the same to colour-blind eyes, at nine points.
const ANCHORS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Colour of each of 256 levels.
static RAMP: [[u8; 3]; 256] = ramp();

/// Shades of the levels above nothing, where there is no colour.
const SHADES: [char; 9] = ['.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// Characters of each of the four parts of the legend.
const LEGEND_PART: u8 = 6;

/// How levels of heat are put on the terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    colour: Colour,
    max: u64,
}

/// One character: what is in front, behind, and its shape. Nothing shows the terminal's own background.
type Glyph = (Option<[u8; 3]>, Option<[u8; 3]>, char);

impl Ink {
    /// Ink for values up to `max`.
    pub(super) fn new(colour: Colour, max: u64) -> Self {
        Self { colour, max }
    }

    /// Half blocks show two.
    pub(super) fn rows_per_line(&self) -> usize {
        if self.is_ascii() { 1 } else { 2 }
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.colour == Colour::None
    }

    pub(super) fn conflict_mark(&self) -> char {
        if self.is_ascii() { '!' } else { '×' }
    }

    /// Writes one line of the picture, each character of an upper and a lower place, and its end.
    pub(super) fn line(
        &self,
        pixels: impl Iterator<Item = (Pixel, Pixel)>,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        if self.is_ascii() {
            let line: String = pixels.map(|(pixel, _)| self.shade(pixel)).collect();
            return writeln!(out, "{}", line.trim_end());
        }
        self.glyphs(pixels.map(|(upper, lower)| self.glyph(upper, lower)), out)?;
        writeln!(out)
    }

    /// Writes the scale with the values it stands for: the smallest, the quarters, the largest.
    pub(super) fn legend(&self, out: &mut impl io::Write) -> io::Result<()> {
        write!(out, "0 ")?;
        let mut shown = 0;
        for quarter in 0..4_u8 {
            let levels = (0..LEGEND_PART).map(|part| (quarter * LEGEND_PART + part) * (255 / (4 * LEGEND_PART - 1)));
            if self.is_ascii() {
                let levels = levels.step_by(2).map(|level| SHADES[usize::from(level) * SHADES.len() / 256]);
                write!(out, "{}", levels.collect::<String>())?;
            } else {
                self.glyphs(levels.map(|level| (Some(RAMP[usize::from(level)]), None, '█')), out)?;
            }
            let value = self.value_at(f64::from(quarter + 1) / 4.0);
            if value > shown {
                write!(out, " {} ", text::thousands(value))?;
            }
            shown = value;
        }
        Ok(())
    }

    fn glyphs(&self, glyphs: impl Iterator<Item = Glyph>, out: &mut impl io::Write) -> io::Result<()> {
        let mut current = (None, None);
        for (front, back, shape) in glyphs {
            if (front, back) != current {
                let [front, back] = [(38, front), (48, back)].map(|(plane, rgb)| self.code(plane, rgb));
                write!(out, "\x1b[{front};{back}m")?;
            }
            current = (front, back);
            write!(out, "{shape}")?;
        }
        if current == (None, None) { Ok(()) } else { write!(out, "\x1b[0m") }
    }

    fn code(&self, plane: u8, rgb: Option<[u8; 3]>) -> String {
        match (rgb, self.colour) {
            (None, _) => (plane + 1).to_string(),
            (Some([r, g, b]), Colour::True) => format!("{plane};2;{r};{g};{b}"),
            (Some(rgb), _) => format!("{plane};5;{}", cube(rgb)),
        }
    }

    fn glyph(&self, upper: Pixel, lower: Pixel) -> Glyph {
        let both = upper.max(lower);
        match (self.rgb(upper.value), self.rgb(lower.value)) {
            _ if both.conflict => (self.rgb(both.value).map(contrast), self.rgb(both.value), '×'),
            (None, None) => (None, None, ' '),
            (None, lower) => (lower, None, '▄'),
            (upper, lower) if upper == lower => (upper, None, '█'),
            (upper, lower) => (upper, lower, '▀'),
        }
    }

    fn rgb(&self, value: u64) -> Option<[u8; 3]> {
        (value > 0).then(|| RAMP[self.level(value, RAMP.len())])
    }

    fn shade(&self, pixel: Pixel) -> char {
        match pixel {
            Pixel { conflict: true, .. } => self.conflict_mark(),
            Pixel { value: 0, .. } => ' ',
            Pixel { value, .. } => SHADES[self.level(value, SHADES.len())],
        }
    }

    /// The level of a value > 0 among `levels`, the smallest value at the bottom and the largest at the top.
    fn level(&self, value: u64, levels: usize) -> usize {
        let top = levels.saturating_sub(1);
        if self.max <= 1 { top } else { scale(ln(value) / ln(self.max), top) }
    }

    /// The value at `part` (0 … 1) of the scale.
    fn value_at(&self, part: f64) -> u64 {
        if part >= 1.0 { self.max } else { round((ln(self.max) * part).exp()) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the scale has 256 levels")]
fn ln(value: u64) -> f64 {
    (value as f64).ln()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn round(value: f64) -> u64 {
    value.round() as u64
}

fn scale(part: f64, top: usize) -> usize {
    let top_level = f64::from(u16::try_from(top).unwrap_or(u16::MAX));
    usize::try_from(round(part * top_level)).unwrap_or(top).min(top)
}

/// The nearest colour in the 6 × 6 × 6 cube of the 256-colour palette.
fn cube(rgb: [u8; 3]) -> u8 {
    let [r, g, b] = rgb.map(|part| match part {
        0..48 => 0,
        48..115 => 1,
        _ => (part - 35) / 40,
    });
    16 + 36 * r + 6 * g + b
}

/// Black on light colours, white on dark ones.
fn contrast([r, g, b]: [u8; 3]) -> [u8; 3] {
    let luminance = 2 * u32::from(r) + 5 * u32::from(g) + u32::from(b);
    if luminance > 8 * 110 { [0; 3] } else { [255; 3] }
}

const fn ramp() -> [[u8; 3]; 256] {
    let mut ramp = [[0; 3]; 256];
    let mut level = 0;
    while level < 256 {
        let (anchor, part) = (level * 8 / 256, level * 8 % 256);
        let mut channel = 0;
        while channel < 3 {
            let (from, to) = (ANCHORS[anchor][channel], ANCHORS[anchor + 1][channel]);
            ramp[level][channel] = between(from, to, part);
            channel += 1;
        }
        level += 1;
    }
    ramp
}

#[expect(clippy::cast_possible_truncation, reason = "a value between two bytes is a byte")]
const fn between(from: u8, to: u8, part_of_256: usize) -> u8 {
    ((from as usize * (256 - part_of_256) + to as usize * part_of_256) / 256) as u8
}
