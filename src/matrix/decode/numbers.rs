use super::{Result, blocks, cursor::Cursor};
use crate::matrix::{Identities, IdentitiesBuilder};

/// Reads an array of about `expected` numbers. The hint is bounded by what the rest of the body can hold.
pub(super) fn values(cursor: &mut Cursor<'_>, expected: usize) -> Result<Vec<u64>> {
    let mut numbers = Vec::with_capacity(expected.min(cursor.rest().len() / 2));
    cursor.expect(b'[')?;
    if !cursor.take(b']') {
        read_rest(cursor, &mut numbers)?;
    }
    Ok(numbers)
}

/// Reads numbers up to the end of their array; the cursor is before one.
fn read_rest(cursor: &mut Cursor<'_>, numbers: &mut Vec<u64>) -> Result<()> {
    loop {
        numbers.push(cursor.u64()?);
        if !cursor.take(b',') {
            return cursor.expect(b']');
        }
        cursor.advance(blocks::read(cursor.rest(), numbers));
    }
}

/// After this many runs, an array is read number by number unless its runs are long.
const TRIED: usize = 4;
/// Numbers that make a run long.
const LONG: usize = 16;

/// Reads an array of about `expected` numbers that mostly repeat: a run is found by holding the text against itself,
/// shifted by one number, its comma and the white space after it.
pub(super) fn identities(cursor: &mut Cursor<'_>, expected: usize) -> Result<Identities> {
    let mut identities = IdentitiesBuilder::default();
    cursor.expect(b'[')?;
    if cursor.take(b']') {
        return Ok(identities.finish());
    }
    for tries in 0.. {
        if tries >= TRIED && identities.len() < tries * LONG {
            break;
        }
        cursor.peek();
        let text = cursor.rest();
        let value = cursor.u64()?;
        let mut count = 1;
        if let Some(second) = behind_comma(cursor) {
            let period = text.len() - second.len();
            let more = common_prefix(text, second) / period;
            cursor.advance(more * period);
            count += more;
        }
        identities.push_run(value, count);
        if !cursor.take(b',') {
            cursor.expect(b']')?;
            return Ok(identities.finish());
        }
    }
    let mut cells = identities.finish().cells().into_owned();
    cells.reserve(expected.min(cursor.rest().len() / 2));
    read_rest(cursor, &mut cells)?;
    Ok(Identities::from(cells))
}

/// The text from the next number on, if a comma comes first. Text without one, `1 1 ]`, repeats itself too.
fn behind_comma<'a>(cursor: &Cursor<'a>) -> Option<&'a [u8]> {
    let mut next = cursor.clone();
    next.take(b',').then(|| {
        next.peek();
        next.rest()
    })
}

/// How many bytes `a` and `b` have in common at their beginnings.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let equal = 64 * a.as_chunks::<64>().0.iter().zip(b.as_chunks::<64>().0).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[equal..], &b[equal..]);
    for (word, (a, b)) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).enumerate() {
        let differences = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differences != 0 {
            return equal + 8 * word + differences.trailing_zeros() as usize / 8;
        }
    }
    let words = a.len().min(b.len()) / 8 * 8;
    equal + words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}
