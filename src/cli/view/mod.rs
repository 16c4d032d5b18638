//! An answer of the matrix path, merged or not, as a terminal shows it: [`table`], [`csv`], [`heatmap`], [`json`].
//!
//! Names, keys and errors come from the network: none of their control characters reaches the terminal.

mod answer;
mod colour;
pub mod csv;
pub mod heatmap;
pub mod json;
mod summary;
pub mod table;
mod text;

pub use answer::{Answer, Fanout, InvalidAnswer, Node, Row, Warning};
pub use colour::{Colour, Terminal};
pub use summary::caveats;
