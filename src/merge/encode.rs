use super::Merged;
/// x
#[derive(Clone, Copy, Debug)]
pub struct Extras<'a> {
    /// x
    pub generated_at: &'a str,
    /// x
    pub identity: bool,
    /// x
    pub fanout: &'a [u8],
}
/// x
pub fn encode(_merged: &Merged, _extras: &Extras<'_>) -> Vec<u8> {
    todo!()
}
