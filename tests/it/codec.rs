//! The matrix codec against WIRE §2.

#[path = "codec_bodies.rs"]
mod bodies;
#[path = "codec_oracle.rs"]
mod oracle;

use keyviz_fanout::matrix::{Series, decode, encode};
use proptest::{collection::vec, prelude::*};

use self::{
    bodies::{matrix, mutation, spaced},
    oracle::{check_law, decode_slowly},
};

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(matrix in matrix(), spaces in vec(any::<u8>(), 1..50)) {
        let body = encode(&matrix);
        let spaced = spaced(&body, &spaces);
        prop_assert_eq!(decode(&body, matrix.series), Ok(matrix.clone()));
        prop_assert_eq!(decode(&spaced, matrix.series), Ok(matrix.clone()));
        prop_assert_eq!(decode_slowly(&spaced, matrix.series), Ok(matrix));
    }

    #[test]
    fn a_damaged_body_is_judged_as_by_the_oracle(
        matrix in matrix(),
        mutations in vec(mutation(), 1..4),
        spaces in vec(any::<u8>(), 1..50),
        space in any::<bool>(),
    ) {
        let mut body = encode(&matrix);
        if space {
            body = spaced(&body, &spaces);
        }
        mutations.iter().for_each(|mutation| mutation.apply(&mut body));
        check_law(&body, matrix.series);
    }
}

#[test]
fn recorded_answers_decode_and_round_trip() {
    let mut rows = 0;
    for node in ["n1", "n2", "n3"] {
        for series in Series::ALL {
            let path = format!("{}/tests/fixtures/cluster/{node}.{series}.json", env!("CARGO_MANIFEST_DIR"));
            let body = std::fs::read(path).unwrap();
            let matrix = decode(&body, series).unwrap();
            assert_eq!(decode_slowly(&body, series).as_ref(), Ok(&matrix));
            assert_eq!(decode(&encode(&matrix), series), Ok(matrix.clone()));
            rows += matrix.rows.len();
        }
    }
    assert!(rows > 0);
}
