use super::Matrix;

/// Encodes one matrix as a node sends it (WIRE §2).
pub fn encode(matrix: &Matrix) -> Vec<u8> {
    todo!()
}
