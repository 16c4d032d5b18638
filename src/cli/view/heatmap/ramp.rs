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

/// The same way through the palette of 256, whose cube has too few dark blues and greens for the nearest colour.
const PALETTE: [u8; 13] = [53, 54, 61, 25, 31, 37, 36, 35, 77, 113, 149, 184, 226];

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

/// What fills the front or the back of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    /// The terminal's own.
    Default,
    /// A level of [`RAMP`].
    Heat(usize),
    Black,
    White,
}

/// One character: front, back and shape.
type Glyph = (Tone, Tone, char);

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

    /// Writes the line of the scale, with the values it stands for: the smallest, the quarters, the largest.
    pub(super) fn legend(&self, out: &mut impl io::Write) -> io::Result<()> {
        write!(out, "0")?;
        let mut shown = 0;
        for quarter in 0..4_u8 {
            let levels = (0..LEGEND_PART).map(|part| (quarter * LEGEND_PART + part) * (255 / (4 * LEGEND_PART - 1)));
            write!(out, " ")?;
            if self.is_ascii() {
                let levels = levels.step_by(2).map(|level| SHADES[usize::from(level) * SHADES.len() / 256]);
                write!(out, "{}", levels.collect::<String>())?;
            } else {
                self.glyphs(levels.map(|level| (Tone::Heat(usize::from(level)), Tone::Default, '█')), out)?;
            }
            let value = self.value_at(f64::from(quarter + 1) / 4.0);
            if value > shown {
                write!(out, " {}", text::thousands(value))?;
            }
            shown = value;
        }
        writeln!(out)
    }

    fn glyphs(&self, glyphs: impl Iterator<Item = Glyph>, out: &mut impl io::Write) -> io::Result<()> {
        let style = |front, back| format!("\x1b[{};{}m", self.code(38, front), self.code(48, back));
        let plain = style(Tone::Default, Tone::Default);
        let mut current = plain.clone();
        for (front, back, shape) in glyphs {
            let wanted = style(front, back);
            if wanted != current {
                write!(out, "{wanted}")?;
            }
            current = wanted;
            write!(out, "{shape}")?;
        }
        if current == plain { Ok(()) } else { write!(out, "\x1b[0m") }
    }

    /// The parameters that choose `tone` for `plane`: 38 is the front, 48 the back.
    fn code(&self, plane: u8, tone: Tone) -> String {
        match (tone, self.colour) {
            (Tone::Default, _) => (plane + 1).to_string(),
            (Tone::Black, _) => format!("{plane};5;16"),
            (Tone::White, _) => format!("{plane};5;231"),
            (Tone::Heat(level), Colour::True) => {
                let [r, g, b] = RAMP[level];
                format!("{plane};2;{r};{g};{b}")
            }
            (Tone::Heat(level), _) => format!("{plane};5;{}", PALETTE[level * PALETTE.len() / RAMP.len()]),
        }
    }

    fn glyph(&self, upper: Pixel, lower: Pixel) -> Glyph {
        let both = upper.max(lower);
        match (self.tone(upper), self.tone(lower)) {
            _ if both.conflict => (self.on(both), self.tone(both), '×'),
            (Tone::Default, Tone::Default) => (Tone::Default, Tone::Default, ' '),
            (Tone::Default, lower) => (lower, Tone::Default, '▄'),
            (upper, lower) if upper == lower => (upper, Tone::Default, '█'),
            (upper, lower) => (upper, lower, '▀'),
        }
    }

    fn tone(&self, pixel: Pixel) -> Tone {
        if pixel.value == 0 { Tone::Default } else { Tone::Heat(self.level(pixel.value, RAMP.len())) }
    }

    /// What can be read on the tone of `pixel`: the upper half of the ramp is light.
    fn on(&self, pixel: Pixel) -> Tone {
        if self.level(pixel.value, RAMP.len()) >= RAMP.len() / 2 { Tone::Black } else { Tone::White }
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
