//! An answer of the matrix path, merged or not, as a terminal shows it: [`table`], [`csv`], [`heatmap`], [`json`]; and
//! how the daemon does: [`status`], [`Verdict`].
//!
//! Names, keys and errors come from the network: none of their control characters reaches the terminal.

mod answer;
mod colour;
pub mod csv;
pub mod heatmap;
pub mod json;
pub mod status;
mod summary;
pub mod table;
mod text;
mod verdict;

pub use answer::{Answer, Fanout, InvalidAnswer, Node, Row, Warning};
pub use colour::{Colour, Terminal};
pub use status::{NoStatus, Status};
pub use summary::caveats;
pub use verdict::{NoVerdict, Verdict};
